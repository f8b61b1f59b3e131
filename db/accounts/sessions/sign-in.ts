import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { type AuthenticationMethod, userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { hashOfSecret, type OpenedSession, openSession, type SessionTerms } from './open.ts';
import { refreshTokens } from './schema.ts';

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
 * Opens a session for somebody who has proved who they are. Locks the account, so that a password that changes at this moment ends this session too. Throws `invalid_credentials` where it has
 * changed already, and `account_disabled`.
 */
export async function signIn(tx: Tx, asked: SigningIn, act: Omit<Act, 'actor'>): Promise<OpenedSession> {
  const { userId, passwordHash, kind, amr, ttlMs, idleMs, ip, userAgent, refreshToken } = asked;
  const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('share');
  if (user === undefined || (passwordHash !== null && user.passwordHash !== passwordHash)) {
    throw new VezaError('invalid_credentials', 'Address and password do not belong together.');
  }
  if (user.status === 'disabled') {
    throw new VezaError('account_disabled', 'The account was disabled; ask the support.');
  }
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
  return opened;
}
