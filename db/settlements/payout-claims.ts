import { asc, eq, gt } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type Payout, sellerPayouts } from '../payouts/index.ts';

/** What Stripe should hold by a payout's row. Minor units. */
export type PayoutClaim = Pick<
  Payout,
  | 'id'
  | 'status'
  | 'amountMinor'
  | 'currency'
  | 'stripeAccountId'
  | 'externalPayoutId'
  | 'differingId'
  | 'differingMinor'
  | 'createdAt'
>;

/** The next payouts, by id. `only`: reads that one again. */
export async function readPayoutClaims(
  db: Db,
  ask: { readonly afterId: string | null; readonly limit: number } | { readonly only: string },
): Promise<PayoutClaim[]> {
  const { id } = sellerPayouts;
  const isWanted = 'only' in ask ? eq(id, ask.only) : ask.afterId === null ? undefined : gt(id, ask.afterId);
  return db
    .select({
      id,
      status: sellerPayouts.status,
      amountMinor: sellerPayouts.amountMinor,
      currency: sellerPayouts.currency,
      stripeAccountId: sellerPayouts.stripeAccountId,
      externalPayoutId: sellerPayouts.externalPayoutId,
      differingId: sellerPayouts.differingId,
      differingMinor: sellerPayouts.differingMinor,
      createdAt: sellerPayouts.createdAt,
    })
    .from(sellerPayouts)
    .where(isWanted)
    .orderBy(asc(id))
    .limit('only' in ask ? 1 : ask.limit);
}
