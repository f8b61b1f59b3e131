import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { userProfiles, users } from '../schema.ts';
import { makeAccountToken } from '../tokens/make.ts';
import { dropSignIns } from './drop-sign-ins.ts';
import { isInUse } from './is-in-use.ts';

export interface Registration {
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string | null;
}

/** Whom to write what: the token of a link, or null to who has an account already. */
export interface Registered {
  readonly to: string;
  readonly token: string | null;
  /** The link is to an account that is in use, and replaces what opens it. */
  readonly replaces: boolean;
}

/**
 * Makes an account whose address is not confirmed yet. An address that was never confirmed registers anew: what opened it before is
 * gone, its password and older links among it. Where such an account is in use, by a provider's sign-in, nothing changes before the
 * link is followed: anybody may register with anybody's address. One that was confirmed is told so, and nothing changes. Who calls has
 * the turn of this address (`takeMail`), and commits once the mail server took the mail.
 */
export async function register(
  tx: Tx,
  { email, passwordHash, displayName }: Registration,
  from: Omit<Act, 'actor'>,
): Promise<Registered> {
  const [known] = await tx
    .select()
    .from(users)
    .where(sql`lower(${users.email}) = lower(${email})`)
    .for('update');
  if (known?.isVerified === true) return { to: known.email, token: null, replaces: false };
  const userId = known?.id ?? uuidv7();
  const replaces = known !== undefined && (await isInUse(tx, userId));
  if (known === undefined) {
    await tx.insert(users).values({ id: userId, email, role: 'user', isVerified: false, passwordHash });
  } else if (!replaces) {
    await dropSignIns(tx, userId, { ...from, actor: userId });
    await tx.update(users).set({ email, passwordHash }).where(eq(users.id, userId));
  }
  if (displayName !== null && !replaces) {
    await tx
      .insert(userProfiles)
      .values({ userId, displayName })
      .onConflictDoUpdate({ target: userProfiles.userId, set: { displayName } });
  }
  const { token } = await makeAccountToken(tx, {
    ...{ userId, purpose: 'verify_email' },
    passwordHash: replaces ? passwordHash : null,
  });
  const after = replaces ? { onceConfirmed: true } : null;
  const entry = { action: 'user.register', subject: userSubject(userId), before: null, after };
  await writeAuditLog(tx, { ...from, actor: userId }, entry);
  return { to: replaces ? known.email : email, token, replaces };
}
