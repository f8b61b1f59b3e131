import type { Payout } from '../../db/moves/payout.ts';
import type { PayoutWork } from '../../db/verbs/labels.ts';
import { askPayoutAgain } from '../../db/verbs/ask-payout-again.ts';
import { payoutWorkflowId } from '../../domain/ids.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtPayout } from './look.ts';

export const giveUpPayout: Operation<Payout, { readonly label: PayoutWork; readonly reason: string }> = {
  action: 'give_up',
  kind: 'payout',
  look: lookAtPayout,
  async act(tx, payoutId, act) {
    const reason = reasonOf(act);
    const { payout, work } = await askPayoutAgain(tx, { payoutId, ...act, action: 'payout.give_up' });
    const now = { subject: payoutWorkflowId(payoutId), status: payout.status };
    return { done: payout, now, work: { label: work, reason } };
  },
  async tell({ engine }, { label, reason }) {
    await engine.giveUpPayout(label, reason);
    return 'Its workflow looks at Stripe first: what Stripe has goes on.';
  },
  foretell: () =>
    'Its workflow looks at Stripe. If no payout is there, it fails and the seller has the money back; what Stripe has goes on.',
};
