import { sql } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import type { RefundReport } from '../../../domain/marketplace/messages.ts';
import type { Db, Tx } from '../../client.ts';
import { transitionRefundUnread } from './transition.ts';
import type { Refund } from './schema.ts';
import { wasFlagged, raiseFlag } from '../../kernel/index.ts';
import { lockRefund } from '../lock.ts';
import { isOlder, latest } from './provider-time.ts';
import type { SettledRefund } from '../labels.ts';
import type { Purchases } from '../purchase.ts';
import { findUnstarted } from '../find-unstarted.ts';

/**
 * Phase 3: the PSP says that the buyer has the money. One transaction: refund, purchase, balances, ledger, what
 * unsent transfers still send, and a reversal for each share that went out. A replay finds it done and returns the
 * work that is still to be started. It settles at any time, since money has moved, and by what was done, not by what
 * was asked for. `held`: the PSP did something that these books cannot hold; people are told.
 */
export async function settleRefund(
  db: Db,
  refundId: string,
  { providerRefundId, saidAt, done }: Pick<RefundReport, 'providerRefundId' | 'saidAt' | 'done'>,
  purchases: Purchases,
): Promise<SettledRefund | 'held'> {
  return db.transaction(async (tx) => {
    const { purchase, refund } = await lockRefund(tx, refundId, purchases);
    const subject = refundWorkflowId(refundId);
    // After the refund's end, a difference that a person has seen is not raised again.
    const difference = done === undefined ? null : differenceOf(refund, done);
    const differs = done !== undefined && difference !== null;
    if (
      differs &&
      (refund.status === 'pending' || !(await wasFlagged(tx, 'amount_differs', subject, difference)))
    )
      await raiseFlag(tx, 'amount_differs', subject, difference);
    if (refund.status === 'succeeded' || refund.status === 'returned') return findUnstarted(tx, [refundId]);
    if (differs && (done.currency !== refund.currency || done.amountMinor === 0)) return 'held';
    if (refund.status === 'failed') await flagFlipped(tx, refund, saidAt);
    const asDone = differs ? { ...refund, ...amountDone(refund, done.amountMinor) } : refund;
    const excessMinor = await purchase.excessOf(tx, refund, asDone);
    const succeeded = await transitionRefundUnread(tx, refund, 'succeeded', {
      amountMinor: asDone.amountMinor,
      byItems: asDone.byItems,
      succeededAt: sql`clock_timestamp()`,
      excessMinor,
      providerUpdatedAt: latest(saidAt, refund),
      hyperswitchRefundId: refund.hyperswitchRefundId ?? providerRefundId,
    });
    if (excessMinor > 0) {
      const beyond = formatMoney(excessMinor, refund.currency);
      await raiseFlag(
        tx,
        'refunded_beyond_captured',
        refundWorkflowId(refundId),
        `${beyond} left beyond what was captured`,
      );
    }
    const stillHeldMinor =
      (purchase.capturedMinor ?? 0) - purchase.refundedMinor - (asDone.amountMinor - excessMinor);
    if (differs && refund.kind === 'payment_returned' && stillHeldMinor > 0) {
      await raiseFlag(
        tx,
        'give_back_failed',
        refundWorkflowId(refundId),
        `The PSP gave back less than was asked for: ${formatMoney(stillHeldMinor, refund.currency)} of the buyer's money is still held`,
      );
    }
    return purchase.settle(tx, succeeded);
  });
}

type Done = NonNullable<RefundReport['done']>;

/** The difference in words, for people; null where the PSP gave back what our row has. */
export function differenceOf({ amountMinor, currency }: Refund, done: Done): string | null {
  if (done.amountMinor === amountMinor && done.currency === currency) return null;
  const said = formatMoney(done.amountMinor, done.currency);
  return `The PSP gave back ${said}, our refund is of ${formatMoney(amountMinor, currency)}`;
}

/** Where another amount was given back, the items stay the buyer's. */
const amountDone = (refund: Refund, amountMinor: number) => ({
  amountMinor,
  byItems: refund.byItems && amountMinor >= refund.amountMinor,
});

/** A success that is older than the failure came late: by the PSP's last report the money came back to us. */
async function flagFlipped(tx: Tx, refund: Refund, saidAt: string | undefined): Promise<void> {
  const kind = isOlder(saidAt, refund) ? 'failed_after_succeeded' : 'succeeded_after_failed';
  await raiseFlag(tx, kind, refundWorkflowId(refund.id), refund.errorMessage ?? 'no message');
}
