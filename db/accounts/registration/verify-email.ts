import { and, eq, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { hashOfToken, lockOwner, tokenInvalid, useToken } from '../tokens/make.ts';
import { accountTokens } from '../tokens/schema.ts';

export interface EmailVerified {
  readonly userId: string;
  /** The same link was followed before. */
  readonly wasVerified: boolean;
}

/** The link of a registration was followed: the address is theirs. Again, while in date, it says so. Throws `token_invalid`. */
export const verifyEmail = (db: Db, token: string, from: Omit<Act, 'actor'>): Promise<EmailVerified> =>
  db.transaction(async (tx) => {
    const user = await lockOwner(tx, token);
    const [known] = await tx
      .select({
        userId: accountTokens.userId,
        isUsed: sql<boolean>`${accountTokens.usedAt} IS NOT NULL AND ${accountTokens.expiresAt} > clock_timestamp()`,
      })
      .from(accountTokens)
      .where(and(eq(accountTokens.tokenHash, hashOfToken(token)), eq(accountTokens.purpose, 'verify_email')));
    if (known === undefined) throw tokenInvalid();
    const { userId } = known;
    if (known.isUsed && user.isVerified) return { userId, wasVerified: true };
    await useToken(tx, token, ['verify_email']);
    if (user.isVerified) return { userId, wasVerified: true };
    await tx.update(users).set({ isVerified: true }).where(eq(users.id, userId));
    await writeAuditLog(
      tx,
      { ...from, actor: userId },
      {
        action: 'user.verify_email',
        subject: userSubject(userId),
        before: { isVerified: false },
        after: { isVerified: true },
      },
    );
    return { userId, wasVerified: false };
  });
