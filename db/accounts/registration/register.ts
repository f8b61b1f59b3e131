import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { userProfiles, users } from '../schema.ts';
import { makeAccountToken } from '../tokens/make.ts';
import { dropSignIns } from './drop-sign-ins.ts';

export interface Registration {
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string | null;
}

/** Whom to write what: the token of a link, or null to who has an account already. */
export interface Registered {
  readonly to: string;
  readonly token: string | null;
}

/**
 * Makes an account whose address is not confirmed yet. An address that was never confirmed registers anew: what opened it before is
 * gone, its password and older links among it. One that was is told so, and nothing changes. Who calls has the turn of this address
 * (`takeMail`), and commits once the mail server took the mail.
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
  if (known?.isVerified === true) return { to: known.email, token: null };
  const userId = known?.id ?? uuidv7();
  if (known === undefined) {
    await tx.insert(users).values({ id: userId, email, role: 'user', isVerified: false, passwordHash });
  } else {
    await dropSignIns(tx, userId, { ...from, actor: userId });
    await tx.update(users).set({ email, passwordHash }).where(eq(users.id, userId));
  }
  if (displayName !== null) {
    await tx
      .insert(userProfiles)
      .values({ userId, displayName })
      .onConflictDoUpdate({ target: userProfiles.userId, set: { displayName } });
  }
  const { token } = await makeAccountToken(tx, { userId, purpose: 'verify_email' });
  const entry = { action: 'user.register', subject: userSubject(userId), before: null, after: null };
  await writeAuditLog(tx, { ...from, actor: userId }, entry);
  return { to: email, token };
}
