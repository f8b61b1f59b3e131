import { type Payout, type PayoutWork, askPayoutAgain } from '../../db/payouts/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtPayout } from '../look.ts';

export const giveUpPayout: Operation<Payout, PayoutWork> = {
  action: 'give_up',
  kind: 'payout',
  snapshot: lookAtPayout,
  async act(tx, payoutId, act) {
    const ask = { payoutId, ...act, reason: reasonOf(act), action: 'payout.give_up' } as const;
    const { payout, work } = await askPayoutAgain(tx, ask);
    return { done: payout, now: { subject: payoutWorkflowId(payoutId), status: payout.status }, work };
  },
  // The workflow is woken and finds on the row that it was given up: the operator's reason stays out of Temporal's
  // histories.
  async notify({ engine }, work) {
    await engine.retryPayout(work);
    return { note: 'Its workflow looks at Stripe first: what Stripe has goes on.' };
  },
  describeEffect: () =>
    'Its workflow looks at Stripe. If no payout is there, it fails and the seller has the money back; what Stripe has goes on.',
};
