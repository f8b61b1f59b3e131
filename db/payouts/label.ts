import type { Payout } from './schema.ts';

export const payoutLabel = (payout: Pick<Payout, 'id' | 'sellerId' | 'amountMinor' | 'currency'>) => ({
  payoutId: payout.id,
  sellerId: payout.sellerId,
  amountMinor: payout.amountMinor,
  currency: payout.currency,
});
export type PayoutWork = ReturnType<typeof payoutLabel>;
