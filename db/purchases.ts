import type { FeePolicy } from '../domain/marketplace/index.ts';
import { orderStore } from './marketplace/orders/purchase.ts';
import type { Purchases } from './marketplace/purchase.ts';

/** What refunds and disputes may be of, a line a kind. Roots make it of their settings, and hand it down. */
export const createPurchases = ({ refundFeePolicy }: { readonly refundFeePolicy: FeePolicy }): Purchases => ({
  order: orderStore(refundFeePolicy),
});
