import { type ReversalRow, type Resolution, resolveReversal } from '../../db/marketplace/index.ts';
import { reversalWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation, Standing } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtReversal } from '../look.ts';

const resolveAs = (
  resolution: Resolution,
  describeEffect: (standing: Standing) => string,
): Operation<ReversalRow, null> => ({
  action: resolution,
  kind: 'reversal',
  snapshot: lookAtReversal,
  async act(tx, reversalId, act) {
    const reason = reasonOf(act);
    const { reversal, transfer } = await resolveReversal(tx, { reversalId, resolution, ...act, reason });
    const { orderId, sellerId, currency } = transfer;
    const now = { subject: reversalWorkflowId(reversalId), status: reversal.status };
    return { done: { ...reversal, orderId, sellerId, currency }, now, work: null };
  },
  notify: async () => null,
  describeEffect,
});

export const settleReversalOutside = resolveAs('settled_outside', ({ status }) =>
  status === 'written_off'
    ? 'The loss that was booked is taken back: the seller has paid some other way.'
    : 'What the seller owes goes down, the rest becomes available to them: they have paid some other way.',
);

export const writeReversalOff = resolveAs(
  'written_off',
  () => 'What the seller owes goes down, and the platform books the loss: nobody will pay it.',
);
