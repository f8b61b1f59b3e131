import { reversalWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofReversal, reversalDone } from '../../../domain/marketplace/postings.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { transitionReversalUnread } from './transition.ts';
import type { Reversal, Transfer } from '../transfers/schema.ts';
import { reopenTransfer, transitionTransferUnread } from '../transfers/transition.ts';
import { flagIfTold } from './flag-after-all.ts';
import { lockCurrentReversals } from '../lock.ts';
import { raiseFlag } from '../../kernel/index.ts';

export type ReversalEnd =
  /** Stripe's id of our reversal; `withinRefund`: made at the attempt of its refund's workflow. */
  | { readonly reversed: string; readonly withinRefund?: boolean }
  /** Wholly covered by reversals that are not ours. */
  | { readonly covered: string }
  | { readonly failed: string };

/**
 * Ends a reversal: posts it and, if it was the last open one, sets the transfer's status. Transfer and reversal must
 * be locked, the reversal `pending`.
 */
export async function endReversal(
  tx: Tx,
  transfer: Transfer,
  reversal: Reversal,
  end: ReversalEnd,
): Promise<Reversal> {
  const ended = { nextRetryAt: null, waitingFor: null, endedAt: new Date() };
  if ('failed' in end) {
    const failed = await transitionReversalUnread(tx, reversal, 'permanently_failed', {
      ...ended,
      errorMessage: end.failed,
    });
    await raiseFlag(tx, 'reversal_gave_up', reversalWorkflowId(reversal.id), end.failed);
    await flagIfTold(tx, transfer, failed);
    await restTransfer(tx, transfer, 0);
    return failed;
  }
  const uncoveredMinor = reversal.amountMinor - reversal.coveredMinor;
  const done = await transitionReversalUnread(tx, reversal, 'reversed', {
    ...ended,
    ...('reversed' in end
      ? { stripeReversalId: end.reversed, errorMessage: null, doneWithinRefund: end.withinRefund ?? false }
      : { errorMessage: end.covered }),
  });
  if ('reversed' in end) {
    await post(
      tx,
      {
        kind: 'reversal_done',
        currency: transfer.currency,
        ...ofReversal(reversal, transfer),
      },
      reversalDone(transfer.sellerId, uncoveredMinor),
    );
  }
  await restTransfer(tx, transfer, uncoveredMinor);
  return done;
}

/** Raises what was taken back, and settles the transfer's status once no reversal of it is open. */
export async function restTransfer(tx: Tx, transfer: Transfer, takenBackMinor: number): Promise<Transfer> {
  const reversedMinor = transfer.reversedMinor + takenBackMinor;
  // A transfer that does not wait for reversals keeps its status; only the reversed amount is raised.
  if (transfer.status !== 'reversal_pending')
    return transitionTransferUnread(tx, transfer, transfer.status, { reversedMinor });
  const rows = await lockCurrentReversals(tx, transfer.id);
  const dueTimes = rows.flatMap((row) =>
    row.status === 'pending' && row.nextRetryAt ? [row.nextRetryAt.getTime()] : [],
  );
  if (dueTimes.length > 0) {
    return transitionTransferUnread(tx, transfer, 'reversal_pending', {
      reversedMinor,
      nextRetryAt: new Date(Math.min(...dueTimes)),
    });
  }
  const rest = { reversedMinor, nextRetryAt: null };
  if (rows.some((row) => row.status === 'permanently_failed')) {
    return transitionTransferUnread(tx, transfer, 'permanently_failed', rest);
  }
  return reversedMinor === transfer.amountMinor
    ? transitionTransferUnread(tx, transfer, 'reversed', rest)
    : reopenTransfer(tx, transfer, rest);
}

/** The same where no reversal of ours ends: a transfer of which the seller has nothing left is `reversed`. */
export async function raiseReversed(tx: Tx, transfer: Transfer, byMinor: number): Promise<Transfer> {
  const raised = await restTransfer(tx, transfer, byMinor);
  if (raised.status !== 'completed' || raised.reversedMinor < raised.amountMinor) return raised;
  // The seller has nothing left: the transfer goes to `reversed` through the same statuses as after any reversal.
  const pending = await transitionTransferUnread(tx, raised, 'reversal_pending', { nextRetryAt: new Date() });
  return transitionTransferUnread(tx, pending, 'reversed', { nextRetryAt: null });
}
