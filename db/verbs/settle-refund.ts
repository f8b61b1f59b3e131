import { eq } from 'drizzle-orm';
import { refundWorkflowId } from '../../domain/ids.ts';
import { formatMoney } from '../../domain/money.ts';
import type { FeePolicy } from '../../domain/shares.ts';
import type { Db, Tx } from '../client.ts';
import { isSuspended, type Order } from '../moves/order.ts';
import { moveRefund, type Refund } from '../moves/refund.ts';
import { refundAllocations } from '../schema/index.ts';
import { holdShares } from './hold-shares.ts';
import { lockRefund } from './lock.ts';
import { isOlder, latest } from './provider-time.ts';
import { raiseFlag } from './raise-flag.ts';
import { settleShares, type SettledRefund } from './settle-shares.ts';
import { findUnstarted } from './find-unstarted.ts';

/**
 * Phase 3: the PSP says that the buyer has the money. One transaction: refund, order, licences, balances, ledger, what
 * unsent transfers still send, and a reversal for each share that went out. A replay finds it done and returns what is
 * still to be started. `saidAt`: when the PSP changed it, ISO 8601; it settles whatever its time, since money has moved.
 */
export async function settleRefund(
  db: Db,
  refundId: string,
  providerRefundId: string | null,
  feePolicy: FeePolicy,
  saidAt?: string,
): Promise<SettledRefund> {
  return db.transaction(async (tx) => {
    const { order, refund } = await lockRefund(tx, refundId);
    if (refund.status === 'succeeded' || refund.status === 'returned') return findUnstarted(tx, [refundId]);
    if (refund.status === 'failed') await flagFlipped(tx, refund, saidAt);
    const excessMinor = await excessOf(tx, order, refund, feePolicy);
    const succeeded = await moveRefund(tx, refund, 'succeeded', {
      succeededAt: new Date(),
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
    return settleShares(tx, order, succeeded);
  });
}

/** A success that is older than the failure came late: the PSP's last word is that the money came back to us. */
async function flagFlipped(tx: Tx, refund: Refund, saidAt: string | undefined): Promise<void> {
  const kind = isOlder(saidAt, refund) ? 'failed_after_succeeded' : 'succeeded_after_failed';
  await raiseFlag(tx, kind, refundWorkflowId(refund.id), refund.errorMessage ?? 'no message');
}

/**
 * What of a refund goes beyond the order's money, in minor units. One that succeeds after it had failed no longer holds
 * its shares, since others may have been given back meanwhile: it takes them anew.
 */
async function excessOf(tx: Tx, order: Order, refund: Refund, feePolicy: FeePolicy): Promise<number> {
  if (refund.status !== 'failed' && !isSuspended(order)) return refund.excessMinor;
  if (refund.status === 'failed') {
    const released = await tx
      .delete(refundAllocations)
      .where(eq(refundAllocations.refundId, refund.id))
      .returning();
    // Items that it named bear it before any other does, and give their licences back.
    const named = refund.byItems ? released.map((allocation) => allocation.orderItemId) : [];
    return holdShares(tx, order, refund, feePolicy, named);
  }
  return holdShares(tx, order, refund, feePolicy);
}
