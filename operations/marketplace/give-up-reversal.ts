import { type ReversalRow, requestReversalEnd, type ReversalWork } from '../../db/marketplace/index.ts';
import { reversalWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtReversal } from '../look.ts';

export const giveUpReversal: Operation<ReversalRow, ReversalWork> = {
  action: 'give_up',
  kind: 'reversal',
  snapshot: lookAtReversal,
  async act(tx, reversalId, act) {
    const { reversal, work } = await requestReversalEnd(tx, { reversalId, ...act, reason: reasonOf(act) });
    const { orderId, sellerId, currency } = work;
    const now = { subject: reversalWorkflowId(reversalId), status: reversal.status };
    return { done: { ...reversal, orderId, sellerId, currency }, now, work };
  },
  // The workflow is woken and finds on the row that it was given up: the operator's reason stays out of Temporal's
  // histories.
  async notify({ engine }, work) {
    await engine.retryReversal(work);
    return { note: 'Its workflow looks at Stripe once more: what Stripe has counts.' };
  },
  describeEffect: () =>
    'Its workflow looks at Stripe once more. If our reversal is not seen there, also since Stripe cannot be asked, it ends permanently_failed, to be settled by a person; a retry looks again.',
};
