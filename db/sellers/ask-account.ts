import { eq } from 'drizzle-orm';
import { accountKey } from '../../domain/sellers/ids.ts';
import { keyGeneration } from '../../domain/kernel/index.ts';
import type { Db, Tx } from '../client.ts';
import { sellerOnboardings } from './schema.ts';
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
    const user = await lockUser(tx, userId);
    if (user.stripeAccountId !== null) return { kind: 'connected', stripeAccountId: user.stripeAccountId };
    await tx.insert(sellerOnboardings).values({ userId }).onConflictDoNothing();
    const [row] = await tx
      .select()
      .from(sellerOnboardings)
      .where(eq(sellerOnboardings.userId, userId))
      .for('no key update');
    if (row === undefined) throw new MissingRow('onboarding', userId);
    const firstAskedAtMs = row.createdAt.getTime();
    const common = { kind: 'ask', userId, email: user.email, firstAskedAtMs } as const;
    if (row.idempotencyKey !== null && row.askedAt !== null) {
      const { idempotencyKey, askedAt } = row;
      return { ...common, country: row.country, idempotencyKey, askedAtMs: askedAt.getTime() };
    }
    const idempotencyKey = accountKey(userId, keyGeneration(row.idempotencyKey) + 1);
    const askedAt = new Date();
    await tx
      .update(sellerOnboardings)
      .set({ idempotencyKey, askedAt, country })
      .where(eq(sellerOnboardings.userId, userId));
    return { ...common, country, idempotencyKey, askedAtMs: askedAt.getTime() };
  });
}

/** Stripe's list shows no account of the seller: the next call may ask for another one, under a new key. */
export async function releaseAccount(db: Db, userId: string): Promise<void> {
  await db.update(sellerOnboardings).set({ askedAt: null }).where(eq(sellerOnboardings.userId, userId));
}

async function lockUser(tx: Tx, userId: string) {
  const [user] = await tx
    .select({ email: users.email, stripeAccountId: users.stripeAccountId })
    .from(users)
    .where(eq(users.id, userId))
    .for('no key update');
  if (user === undefined) throw new MissingRow('user', userId);
  return user;
}
