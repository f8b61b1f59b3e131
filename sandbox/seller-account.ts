import type { Db } from '../db/client.ts';
import { sellerAccounts } from '../db/sellers/index.ts';

/** The seller has this account at Stripe, or none, and Stripe has not said yet what it may do. */
export async function setStripeAccount(
  db: Db,
  userId: string,
  stripeAccountId: string | null,
): Promise<void> {
  await db
    .insert(sellerAccounts)
    .values({ userId, stripeAccountId })
    .onConflictDoUpdate({ target: sellerAccounts.userId, set: { stripeAccountId } });
}
