import type { Payout } from '../../db/payouts/schema.ts';
import type { PayoutWork } from '../../db/payouts/label.ts';
import { askPayoutAgain } from '../../db/payouts/ask-again.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { Operation } from '../action.ts';
import { lookAtPayout } from './look.ts';

export const retryPayout: Operation<Payout, PayoutWork> = {
  action: 'retry',
  kind: 'payout',
  look: lookAtPayout,
  async act(tx, payoutId, act) {
    const { payout, work } = await askPayoutAgain(tx, { payoutId, ...act, action: 'payout.retry' });
    return { done: payout, now: { subject: payoutWorkflowId(payoutId), status: payout.status }, work };
  },
  async tell({ engine }, work) {
    await engine.retryPayout(work);
    return null;
  },
  foretell: () => 'Its next attempt, or its look at Stripe, is now.',
};
