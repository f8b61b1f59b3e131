import { type Payout, bookDifferingPayout, type PayoutWork, lockPayout } from '../../db/payouts/index.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';

export const bookPayoutAsMade: Operation<Payout, PayoutWork> = {
  action: 'book_as_made',
  kind: 'payout',
  /** The larger of the asked and the made amount is decided on. */
  async snapshot(tx, payoutId) {
    const { status, amountMinor, differingMinor, currency } = await lockNamed(
      tx,
      'payout',
      payoutId,
      lockPayout,
    );
    return { status, money: { amountMinor: Math.max(amountMinor, differingMinor ?? 0), currency } };
  },
  async act(tx, payoutId, act) {
    const { payout, work } = await bookDifferingPayout(tx, { payoutId, ...act, reason: reasonOf(act) });
    return { done: payout, now: { subject: payoutWorkflowId(payoutId), status: payout.status }, work };
  },
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return null;
  },
  describeEffect: () =>
    'What Stripe made counts, as its flag says: what it takes less is available again, what it takes more comes out of what is available. Stripe’s word then ends it.',
};
