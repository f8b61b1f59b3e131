import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { readUserByEmail, type User } from '../read-user.ts';
import { userProfiles, users } from '../schema.ts';
import { makeAccountToken, newToken } from '../tokens/make.ts';
import { lockAsItWas } from './as-it-was.ts';
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
  /** Makes the account, after the mail server took the mail. */
  readonly keep: (tx: Tx) => Promise<void>;
}

/**
 * Makes an account whose address is not confirmed yet. An address that was never confirmed registers anew: what opened it before is
 * gone, its password and older links among it. Where such an account is in use, by a provider's sign-in, nothing changes before the
 * link is followed: anybody may register with anybody's address. One that was confirmed is told so, and nothing changes. Locks
 * nothing, and writes nothing before `keep`. Who calls has the turn of this address (`takeMail`).
 */
export async function register(tx: Tx, asked: Registration, from: Omit<Act, 'actor'>): Promise<Registered> {
  const { email } = asked;
  const known = await readUserByEmail(tx, email);
  if (known?.isVerified === true) {
    return { to: known.email, token: null, replaces: false, keep: async () => undefined };
  }
  const token = newToken();
  if (known === null) {
    return { to: email, token, replaces: false, keep: (kept) => makeNew(kept, asked, token, from) };
  }
  const replaces = await isInUse(tx, known.id);
  return {
    ...{ to: replaces ? known.email : email, token, replaces },
    async keep(kept) {
      if (!(await lockAsItWas(kept, known))) return;
      if (replaces) await keepForLater(kept, known, asked, token, from);
      // Somebody may have signed in to it by a provider meanwhile.
      else if (!(await isInUse(kept, known.id))) await makeAnew(kept, known, asked, token, from);
    },
  };
}

type From = Omit<Act, 'actor'>;

/** Where somebody else has taken the address meanwhile, by a provider or an invitation, nothing changes. */
async function makeNew(
  tx: Tx,
  { email, passwordHash, displayName }: Registration,
  token: string,
  from: From,
): Promise<void> {
  const userId = uuidv7();
  const [made] = await tx
    .insert(users)
    .values({ id: userId, email, role: 'user', isVerified: false, passwordHash, registeredAt: sql`now()` })
    .onConflictDoNothing()
    .returning({ id: users.id });
  if (made === undefined) return;
  await nameIt(tx, userId, displayName);
  await makeAccountToken(tx, { userId, purpose: 'verify_email', token });
  await note(tx, userId, from, null);
}

async function makeAnew(
  tx: Tx,
  { id: userId }: User,
  { email, passwordHash, displayName }: Registration,
  token: string,
  from: From,
): Promise<void> {
  await dropSignIns(tx, userId, { ...from, actor: userId });
  // The time to confirm it begins anew; a row that came another way does not become one that registering made.
  const registeredAt = sql`CASE WHEN ${users.registeredAt} IS NOT NULL THEN now() END`;
  await tx.update(users).set({ email, passwordHash, registeredAt }).where(eq(users.id, userId));
  await nameIt(tx, userId, displayName);
  await makeAccountToken(tx, { userId, purpose: 'verify_email', token });
  await note(tx, userId, from, null);
}

/** The account stays as it is, until the link is followed. */
async function keepForLater(
  tx: Tx,
  { id: userId }: User,
  { passwordHash }: Registration,
  token: string,
  from: From,
): Promise<void> {
  await makeAccountToken(tx, { userId, purpose: 'verify_email', passwordHash, token });
  await note(tx, userId, from, { onceConfirmed: true });
}

async function nameIt(tx: Tx, userId: string, displayName: string | null): Promise<void> {
  if (displayName === null) return;
  await tx
    .insert(userProfiles)
    .values({ userId, displayName })
    .onConflictDoUpdate({ target: userProfiles.userId, set: { displayName } });
}

const note = (tx: Tx, userId: string, from: From, after: unknown) =>
  writeAuditLog(
    tx,
    { ...from, actor: userId },
    { action: 'user.register', subject: userSubject(userId), before: null, after },
  );
