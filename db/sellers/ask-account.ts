import { eq } from 'drizzle-orm';
import { accountKey } from '../../domain/sellers/ids.ts';
import { keyGeneration } from '../../domain/kernel/index.ts';
import type { Db, Tx } from '../client.ts';
import { sellerAccounts } from './schema.ts';
import { users } from '../accounts/index.ts';
import { MissingRow } from '../kernel/index.ts';

export type AccountClaim =
  | { readonly kind: 'connected'; readonly stripeAccountId: string }
  /** Ask Stripe with exactly these values. They are committed. */
  | {
      readonly kind: 'ask';
      readonly userId: string;
      readonly email: string;
      readonly country: string | null;
      readonly idempotencyKey: string;
      readonly askedAtMs: number;
      /** When an account was first asked for: ours cannot be older. */
      readonly firstAskedAtMs: number;
    };

/**
 * Commits the next call to Stripe, so that a seller gets only one account. A call that was not refused is repeated
 * unchanged, even if another country is wanted now.
 */
export async function askAccount(
  db: Db,
  { userId, country }: { readonly userId: string; readonly country: string | null },
): Promise<AccountClaim> {
  return db.transaction(async (tx) => {
    const email = await readEmail(tx, userId);
    await tx.insert(sellerAccounts).values({ userId }).onConflictDoNothing();
    const [row] = await tx
      .select()
      .from(sellerAccounts)
      .where(eq(sellerAccounts.userId, userId))
      .for('no key update');
    if (row === undefined) throw new MissingRow('account', userId);
    if (row.stripeAccountId !== null) return { kind: 'connected', stripeAccountId: row.stripeAccountId };
    const firstAskedAtMs = row.createdAt.getTime();
    const common = { kind: 'ask', userId, email, firstAskedAtMs } as const;
    if (row.idempotencyKey !== null && row.askedAt !== null) {
      const { idempotencyKey, askedAt } = row;
      return { ...common, country: row.country, idempotencyKey, askedAtMs: askedAt.getTime() };
    }
    const idempotencyKey = accountKey(userId, keyGeneration(row.idempotencyKey) + 1);
    const askedAt = new Date();
    await tx
      .update(sellerAccounts)
      .set({ idempotencyKey, askedAt, country })
      .where(eq(sellerAccounts.userId, userId));
    return { ...common, country, idempotencyKey, askedAtMs: askedAt.getTime() };
  });
}

/** Stripe's list shows no account of the seller: the next call may ask for another one, under a new key. */
export async function releaseAccount(db: Db, userId: string): Promise<void> {
  await db.update(sellerAccounts).set({ askedAt: null }).where(eq(sellerAccounts.userId, userId));
}

async function readEmail(tx: Tx, userId: string): Promise<string> {
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId));
  if (user === undefined) throw new MissingRow('user', userId);
  return user.email;
}
