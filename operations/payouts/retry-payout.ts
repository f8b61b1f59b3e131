import { type Payout, type PayoutWork, askPayoutAgain } from '../../db/payouts/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import type { Operation } from '../action.ts';
import { lookAtPayout } from '../look.ts';

export const retryPayout: Operation<Payout, PayoutWork> = {
  action: 'retry',
  kind: 'payout',
  snapshot: lookAtPayout,
  async act(tx, payoutId, act) {
    const { payout, work } = await askPayoutAgain(tx, { payoutId, ...act, action: 'payout.retry' });
    return { done: payout, now: { subject: payoutWorkflowId(payoutId), status: payout.status }, work };
  },
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return null;
  },
  describeEffect: () => 'Its next attempt, or its look at Stripe, is now.',
};
