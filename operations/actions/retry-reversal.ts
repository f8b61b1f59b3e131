import type { ReversalRow } from '../../db/queries/reversals.ts';
import { requestReversalRetry } from '../../db/verbs/request-reversal-retry.ts';
import type { ReversalWork } from '../../db/verbs/labels.ts';
import { reversalWorkflowId } from '../../domain/ids.ts';
import type { Operation } from '../action.ts';
import { lookAtReversal } from './look.ts';

export const retryReversal: Operation<ReversalRow, ReversalWork> = {
  action: 'retry',
  kind: 'reversal',
  look: lookAtReversal,
  async act(tx, reversalId, act) {
    const { reversal, work } = await requestReversalRetry(tx, { reversalId, ...act });
    const { orderId, sellerId, currency } = work;
    const now = { subject: reversalWorkflowId(reversal.id), status: reversal.status };
    return { done: { ...reversal, orderId, sellerId, currency }, now, work };
  },
  async tell({ engine }, work) {
    await engine.retryReversal(work);
    return null;
  },
  foretell: ({ status }) =>
    status === 'permanently_failed'
      ? 'A new reversal takes its place. It looks at Stripe for every earlier one, and takes the money back only if none is there.'
      : 'Its next attempt is now. The number of retries stays as it is.',
};
