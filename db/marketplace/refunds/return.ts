import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofRefund, refundReturned } from '../../../domain/marketplace/postings.ts';
import type { Db } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { isSuspended } from '../orders/transition.ts';
import type { Order } from '../orders/schema.ts';
import { transitionRefund } from './transition.ts';
import type { Refund } from './schema.ts';
import { type Act, audit, clearFlags, lockNamed } from '../../kernel/index.ts';
import type { TransferWork } from '../labels.ts';
import { lockRefund } from '../lock.ts';
import { recomputeOrder } from '../orders/recompute-order.ts';
import { NotReturnable, restoreLicenses, returnShares } from '../orders/return-shares.ts';

/**
 * A reviewed action: a bank sent a refund back that had succeeded. The books are reverted, the licences restored, and
 * what sellers gave back is sent to them again.
 * Throws `refund_not_found` and `refund_not_returnable`.
 */
export async function returnRefund(
  db: Db,
  { refundId, ...act }: Act & { readonly refundId: string; readonly reason: string },
): Promise<{ readonly refund: Refund; readonly transfers: readonly TransferWork[] }> {
  return db.transaction(async (tx) => {
    const { order, refund } = await lockNamed(tx, 'refund', refundId, lockRefund);
    refuseUnlessReturnable(order, refund);
    const { shares, feeMinor, transfers } = await returnShares(tx, order, refund, 'review');
    const returned = await transitionRefund(tx, refund, 'returned', {}, 'review');
    await post(
      tx,
      { kind: 'refund_returned', currency: refund.currency, ...ofRefund(refund) },
      refundReturned(shares, feeMinor, refund.excessMinor),
    );
    const refundedMinor = order.refundedMinor - refund.amountMinor + refund.excessMinor;
    await restoreLicenses(tx, await recomputeOrder(tx, order, refundedMinor, 'review'), refundId);
    await clearFlags(tx, 'failed_after_succeeded', refundWorkflowId(refundId));
    await audit(tx, act, {
      action: 'refund.return',
      subject: refundWorkflowId(refundId),
      before: { status: refund.status, orderStatus: order.status },
      after: { status: returned.status, resent: transfers.map((transfer) => transfer.transferId) },
    });
    return { refund: returned, transfers };
  });
}

function refuseUnlessReturnable(order: Order, refund: Refund): void {
  if (refund.status !== 'succeeded')
    throw new NotReturnable(refund, `A refund that is ${refund.status} cannot be returned.`);
  if (refund.kind === 'dispute')
    throw new NotReturnable(refund, 'A lost dispute is won back at the PSP, not returned by a bank.');
  if (isSuspended(order))
    throw new NotReturnable(refund, 'The order never took this payment: give it back by a new refund.');
  if (order.status === 'refund_pending')
    throw new NotReturnable(refund, 'Another refund of the order is in progress.');
}
