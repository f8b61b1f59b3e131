import { and, eq, ne, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { isSealed, maskEmail } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { readUser, readUserByEmail } from '../read-user.ts';
import { openOf } from '../sealing/person.ts';
import { users } from '../schema.ts';
import { type InSession, lockOpenSession } from '../sessions/lock-open.ts';
import { tellAccount } from '../tell-account.ts';
import {
  lockOwner,
  makeAccountToken,
  newToken,
  placeOfNewEmail,
  tokenInvalid,
  useToken,
  withdrawTokens,
} from '../tokens/make.ts';
import { lockAsItWas } from './as-it-was.ts';
import type { Registered } from './register.ts';

/**
 * Asks for another address, which counts once its link is followed; the old one is told. Null as token: somebody has that
 * address already, and is told so there. Locks nothing, and writes nothing before `keep`, which is for after the mail; nor then where the
 * session that they asked in has ended meanwhile. Throws `user_not_found`.
 */
export async function askForNewEmail(
  tx: Tx,
  by: InSession,
  newEmail: string,
): Promise<Omit<Registered, 'replaces'>> {
  const { userId } = by;
  const user = await readUser(tx, userId);
  if (user === null) throw new VezaError('user_not_found', `There is no user ${userId}.`);
  const owner = await readUserByEmail(tx, newEmail);
  const token = owner === null ? newToken() : null;
  return {
    ...{ to: owner?.email ?? newEmail, token },
    async keep(kept) {
      if (!(await lockAsItWas(kept, user)) || !(await lockOpenSession(kept, by))) return;
      const params = { new_address: maskEmail(newEmail) };
      await tellAccount(kept, userId, { kind: 'email_change_requested', params }, user.email);
      if (token !== null) {
        await makeAccountToken(kept, { userId, purpose: 'change_email', newEmail, token });
      }
    },
  };
}

/**
 * The link at the new address was followed: it is theirs from now on, all links of before are dead, and the old address is told.
 * Returns whose it is. Throws `token_invalid`, and `account_exists` where somebody else has taken the address meanwhile.
 */
export const confirmNewEmail = (db: Db, token: string, from: Omit<Act, 'actor'>): Promise<string> =>
  db
    .transaction(async (tx) => {
      const user = await lockOwner(tx, token);
      const { id: userId } = user;
      const used = await useToken(tx, token, ['change_email']);
      const sealed = used.newEmail;
      if (sealed === null || !isSealed(sealed)) throw tokenInvalid();
      const newEmail = await openOf(tx, userId, placeOfNewEmail(used.id), sealed);
      if (newEmail === null) throw tokenInvalid();
      const [owner] = await tx
        .select({ id: users.id })
        .from(users)
        .where(and(sql`lower(${users.email}) = lower(${newEmail})`, ne(users.id, userId)));
      if (owner !== undefined) throw takenMeanwhile();
      await tx.update(users).set({ email: newEmail, isVerified: true }).where(eq(users.id, userId));
      await withdrawTokens(tx, userId);
      const entry = { action: 'user.email_change', subject: userSubject(userId), before: null, after: null };
      await writeAuditLog(tx, { ...from, actor: userId }, entry);
      await tellAccount(
        tx,
        userId,
        { kind: 'email_changed', params: { new_address: maskEmail(newEmail) } },
        user.email,
      );
      return userId;
    })
    .catch((error: unknown) => {
      throw isTaken(error) ? takenMeanwhile() : error;
    });

const takenMeanwhile = () =>
  new VezaError('account_exists', 'Another account has taken this address meanwhile.');

/** Of those who take an address at once, the index lets one have it. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  (('constraint_name' in error && error.constraint_name === 'users_email_key') || isTaken(error.cause));
