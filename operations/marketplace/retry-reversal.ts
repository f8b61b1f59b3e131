import { type ReversalRow, requestReversalRetry, type ReversalWork } from '../../db/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { reversalWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { lookAtReversal } from '../look.ts';

/** `adopts`: a person had ended the reversal, so its workflow only looks at Stripe. */
type Work = ReversalWork & { readonly adopts: boolean };

export const retryReversal: Operation<ReversalRow, Work> = {
  action: 'retry',
  kind: 'reversal',
  snapshot: lookAtReversal,
  async act(tx, reversalId, act) {
    const { reversal, work, adopts } = await requestReversalRetry(tx, { reversalId, ...act });
    const { orderId, sellerId, currency } = work;
    const now = { subject: reversalWorkflowId(reversal.id), status: reversal.status };
    return { done: { ...reversal, orderId, sellerId, currency }, now, work: { ...work, adopts } };
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
  describeEffect: ({ status }) => EFFECTS[status] ?? FROM_STRIPE_TO_SELLER,
};

const FROM_STRIPE_TO_SELLER =
  'Stripe is looked at. If it carried this out after all, what it took is kept for the seller; otherwise nothing changes.';

const EFFECTS: Readonly<Record<string, string>> = {
  pending: 'Its next attempt is now. The number of retries stays as it is.',
  permanently_failed:
    'A new reversal takes its place. It looks at Stripe for every earlier one, and takes the money back only if none is there.',
  written_off:
    'Stripe is looked at. If it carried this out after all, the loss is taken back and it is reversed; otherwise nothing changes.',
};
