import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import {
  lockReversal,
  requestReversalEnd,
  requestReversalRetry,
  type Resolution,
  resolveReversal,
  type ReversalRow,
  type ReversalWork,
} from '../../db/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { REVERSAL_ACTIONS, reversalWorkflowId } from '../../domain/marketplace/index.ts';
import { reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';

/** Locks as the verbs after it do. The part that outside reversals have covered already does not count. */
async function snapshot(tx: Tx, reversalId: string) {
  const { transfer, reversal } = await lockNamed(tx, 'reversal', reversalId, lockReversal);
  const amountMinor = reversal.amountMinor - reversal.coveredMinor;
  return { status: reversal.status, money: { amountMinor, currency: transfer.currency } };
}

const nowOf = ({ id, status }: Pick<ReversalRow, 'id' | 'status'>) => ({
  subject: reversalWorkflowId(id),
  status,
});
const shareOf = ({
  orderId,
  sellerId,
  currency,
}: Pick<ReversalWork, 'orderId' | 'sellerId' | 'currency'>) => ({
  ...{ orderId, sellerId, currency },
});

/** `adopts`: a person had ended the reversal, so its workflow only looks at Stripe. */
type RetryWork = ReversalWork & { readonly adopts: boolean };

export const retryReversal: RowAction<ReversalRow, RetryWork> = {
  action: 'retry',
  kind: 'reversal',
  refusals: ['reversal_not_found', 'reversal_not_retryable'],
  snapshot,
  async act(tx, reversalId, act) {
    const { reversal, work, adopts } = await requestReversalRetry(tx, { reversalId, ...act });
    return { done: { ...reversal, ...shareOf(work) }, now: nowOf(reversal), work: { ...work, adopts } };
  },
  async notify({ engine }, { adopts, ...label }) {
    if (!adopts) {
      await engine.retryReversal(label);
      return null;
    }
    const adoption = await engine.adoptReversal(label);
    const { status } = adoption;
    if (adoption.adopted) {
      const what =
        status === 'reversed'
          ? 'the loss is taken back'
          : 'what Stripe took is kept for the seller, who owed it no more';
      return { note: `Stripe has carried it out: ${what}.`, status };
    }
    const { why } = adoption;
    throw new VezaError('reversal_not_retryable', `It stays ${status}: ${why}.`, { status_now: status });
  },
  describeEffect: (standing) => effectOf(REVERSAL_ACTIONS.retry, standing),
};

export const giveUpReversal: RowAction<ReversalRow, ReversalWork> = {
  action: 'give_up',
  kind: 'reversal',
  refusals: ['reversal_not_found', 'reversal_not_open'],
  snapshot,
  async act(tx, reversalId, act) {
    const { reversal, work } = await requestReversalEnd(tx, { reversalId, ...act, reason: reasonOf(act) });
    return { done: { ...reversal, ...shareOf(work) }, now: nowOf(reversal), work };
  },
  // The workflow is woken and finds on the row that it was given up: the operator's reason stays out of Temporal's
  // histories.
  async notify({ engine }, work) {
    await engine.retryReversal(work);
    return { note: 'Its workflow looks at Stripe once more: what Stripe has counts.' };
  },
  describeEffect: (standing) => effectOf(REVERSAL_ACTIONS.give_up, standing),
};

const resolveAs = (resolution: Resolution): RowAction<ReversalRow, null> => ({
  action: resolution,
  kind: 'reversal',
  refusals: ['reversal_not_found', 'reversal_not_resolvable'],
  snapshot,
  async act(tx, reversalId, act) {
    const reason = reasonOf(act);
    const { reversal, transfer } = await resolveReversal(tx, { reversalId, resolution, ...act, reason });
    return { done: { ...reversal, ...shareOf(transfer) }, now: nowOf(reversal), work: null };
  },
  notify: async () => null,
  describeEffect: (standing) => effectOf(REVERSAL_ACTIONS[resolution], standing),
});

export const reversalResolutions = {
  settled_outside: resolveAs('settled_outside'),
  written_off: resolveAs('written_off'),
};
