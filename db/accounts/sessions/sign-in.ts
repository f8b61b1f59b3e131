import { and, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import {
  type AuthenticationMethod,
  ENDED_SESSIONS_KEPT_MS,
  userSubject,
} from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { tellAccount } from '../tell-account.ts';
import { networkOf } from './network.ts';
import { hashOfSecret, type OpenedSession, openSession, type SessionTerms } from './open.ts';
import { refreshTokens, sessions } from './schema.ts';

export interface SigningIn extends SessionTerms {
  readonly userId: string;
  /** As it was when the password was compared; null where it was not by a password. */
  readonly passwordHash: string | null;
  readonly kind: 'token' | 'cookie' | 'console';
  readonly amr: readonly AuthenticationMethod[];
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The refresh token of an app; a browser has none. */
  readonly refreshToken: string | null;
}

/**
 * Opens a session for somebody who has proved who they are, and tells them where they have not signed in from there lately. Locks
 * the account, so that a password that changes at this moment ends this session too. Throws `invalid_credentials` where it has
 * changed already or they are being erased, and `account_disabled`.
 */
export async function signIn(tx: Tx, asked: SigningIn, act: Omit<Act, 'actor'>): Promise<OpenedSession> {
  const { userId, passwordHash, kind, amr, ttlMs, idleMs, ip, userAgent, refreshToken } = asked;
  const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('share');
  const isGone = user === undefined || user.status === 'erasing' || user.status === 'erased';
  if (isGone || (passwordHash !== null && user.passwordHash !== passwordHash)) {
    throw new VezaError('invalid_credentials', 'Address and password do not belong together.');
  }
  if (user.status === 'disabled' || user.isBarred) {
    throw new VezaError('account_disabled', 'The account was disabled; ask the support.');
  }
  const isNew = await isNewThere(tx, user, { ip, userAgent });
  const lastsMs = Math.min(ttlMs, idleMs);
  const opened = await openSession(tx, { userId, kind, amr, ttlMs: lastsMs, ip, userAgent });
  const { id: sessionId } = opened.session;
  if (refreshToken !== null) {
    await tx.insert(refreshTokens).values({ id: uuidv7(), sessionId, tokenHash: hashOfSecret(refreshToken) });
  }
  const after = { sessionId, kind, amr };
  await writeAuditLog(
    tx,
    { ...act, actor: userId },
    { action: 'user.login', subject: userSubject(userId), before: null, after },
  );
  if (isNew) {
    const { createdAt } = opened.session;
    await tellAccount(tx, userId, {
      kind: 'new_sign_in',
      params: { at: createdAt.toISOString(), client: ip === null ? null : networkOf(ip), browser: userAgent },
    });
  }
  return opened;
}

/**
 * Whether they have signed in before, and not from this network with this browser as far as sessions are kept. Who has none that
 * is kept, and an account that is older than that, may have signed in before: they are told rather than not.
 */
async function isNewThere(
  tx: Tx,
  { id: userId, createdAt }: { readonly id: string; readonly createdAt: Date },
  { ip, userAgent }: Pick<SigningIn, 'ip' | 'userAgent'>,
): Promise<boolean> {
  const sameThere = and(
    ip === null ? sql`${sessions.ip} IS NULL` : sql`${sessions.ip}::inet <<= ${networkOf(ip)}::inet`,
    sql`${sessions.userAgent} IS NOT DISTINCT FROM ${userAgent}`,
  );
  const [before] = await tx
    .select({
      any: sql<boolean>`count(*) > 0 OR ${createdAt.toISOString()}::timestamptz < now() - ${ENDED_SESSIONS_KEPT_MS}::float8 * interval '1 millisecond'`,
      there: sql<boolean>`coalesce(bool_or(${sameThere}), false)`,
    })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), sql`${sessions.kind} <> 'ops'`));
  return before?.any === true && !before.there;
}
