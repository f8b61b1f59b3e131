import { and, eq, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { hashOfToken, lockOwner, tokenInvalid, useToken } from '../tokens/make.ts';
import { accountTokens } from '../tokens/schema.ts';
import { dropSignIns } from './drop-sign-ins.ts';

export interface EmailVerified {
  readonly userId: string;
  /** The same link was followed before. */
  readonly wasVerified: boolean;
}

/**
 * The link of a registration was followed: the address is theirs. Where it brings a password, to an account that was in use, that
 * takes the place of all that opened it. Again, while in date, it says so. Throws `token_invalid`.
 */
export const verifyEmail = (db: Db, token: string, from: Omit<Act, 'actor'>): Promise<EmailVerified> =>
  db.transaction(async (tx) => {
    const user = await lockOwner(tx, token);
    const [known] = await tx
      .select({
        userId: accountTokens.userId,
        passwordHash: accountTokens.passwordHash,
        isUsed: sql<boolean>`${accountTokens.usedAt} IS NOT NULL AND ${accountTokens.expiresAt} > clock_timestamp()`,
      })
      .from(accountTokens)
      .where(and(eq(accountTokens.tokenHash, hashOfToken(token)), eq(accountTokens.purpose, 'verify_email')));
    if (known === undefined) throw tokenInvalid();
    const { userId, passwordHash } = known;
    const act = { ...from, actor: userId };
    if (known.isUsed && user.isVerified) return { userId, wasVerified: true };
    await useToken(tx, token, ['verify_email']);
    if (user.isVerified) return { userId, wasVerified: true };
    if (passwordHash !== null) {
      await dropSignIns(tx, userId, act);
      await tx.update(users).set({ passwordHash }).where(eq(users.id, userId));
    }
    await tx.update(users).set({ isVerified: true }).where(eq(users.id, userId));
    await writeAuditLog(tx, act, {
      action: 'user.verify_email',
      subject: userSubject(userId),
      before: { isVerified: false },
      after: { isVerified: true },
    });
    return { userId, wasVerified: false };
  });
