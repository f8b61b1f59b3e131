import { and, eq } from 'drizzle-orm';
import { type OauthProvider, userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { assertSessionOpen, type InSession, lockInSession } from '../sessions/lock-open.ts';
import { tellAccount } from '../tell-account.ts';
import { oauthAccounts } from './schema.ts';
import type { ComeBack } from './sign-in.ts';
import { addOauthAccount, keepTokens } from './tokens.ts';

/**
 * Links somebody's account at a provider to theirs here, and tells them by mail. The session in which they began has to be open
 * still: a changed password or an operator may have ended it meanwhile. Throws `session_ended`, `account_exists` where another account
 * has it, or they have another one at that provider, and `user_not_found` where they have left.
 */
export const linkProvider = (
  db: Db,
  by: InSession,
  { provider, identity: { subject }, tokens }: Omit<ComeBack, 'browser'>,
  act: Act,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = by;
    const [user] = await tx
      .select({ status: users.status })
      .from(users)
      .where(eq(users.id, userId))
      .for('no key update');
    if (user?.status !== 'active') throw new VezaError('user_not_found', 'The account is not open.');
    await assertSessionOpen(tx, by);
    const linkId = await addOauthAccount(tx, userId, { provider, subject }, tokens);
    if (linkId !== null) {
      const after = { provider, oauthAccountId: linkId };
      const entry = { action: 'user.oauth_link', subject: userSubject(userId), before: null, after };
      await writeAuditLog(tx, act, entry);
      await tellAccount(tx, userId, { kind: 'oauth_linked', params: { provider } });
      return;
    }
    const [own] = await tx
      .select()
      .from(oauthAccounts)
      .where(and(eq(oauthAccounts.userId, userId), eq(oauthAccounts.provider, provider)))
      .for('update');
    if (own?.subject !== subject) {
      throw new VezaError(
        'account_exists',
        'It is linked to another account, or you have linked another one.',
      );
    }
    await keepTokens(tx, own, tokens);
  });

/**
 * Unlinks a provider, and tells them by mail; one that is not linked stays so. Nobody who has begun to sign in by it gets further.
 * Throws `last_sign_in_method` where nothing else would open the account, `session_ended` and `user_not_found`.
 */
export const unlinkProvider = (db: Db, by: InSession, provider: OauthProvider, act: Act): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = by;
    const user = await lockInSession(tx, by);
    const linked = await tx.select().from(oauthAccounts).where(eq(oauthAccounts.userId, userId));
    const gone = linked.find((one) => one.provider === provider);
    if (gone === undefined) return;
    if (user.passwordHash === null && linked.length === 1) {
      throw new VezaError('last_sign_in_method', 'Choose a password or link another provider first.');
    }
    await tx.delete(oauthAccounts).where(eq(oauthAccounts.id, gone.id));
    await endWaysIn(tx, userId);
    await writeAuditLog(tx, act, {
      action: 'user.oauth_unlink',
      subject: userSubject(userId),
      before: { provider, oauthAccountId: gone.id },
      after: null,
    });
    await tellAccount(tx, userId, { kind: 'oauth_unlinked', params: { provider } });
  });
