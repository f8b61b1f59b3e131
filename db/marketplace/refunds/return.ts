import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { transitionRefund } from './transition.ts';
import type { Refund } from './schema.ts';
import { type Act, writeAuditLog, clearFlags } from '../../kernel/index.ts';
import type { TransferWork } from '../labels.ts';
import { lockNamedRefund } from '../lock.ts';
import type { Purchase, Purchases } from '../purchase.ts';
import { NotReturnable } from './not-returnable.ts';

/**
 * A reviewed action, after a bank sent back a refund that had succeeded: reverts the books, restores the licences,
 * and sends sellers again what they gave back. Throws `refund_not_found` and `refund_not_returnable`.
 */
export async function returnRefund(
  tx: Tx,
  { refundId, ...act }: Act & { readonly refundId: string; readonly reason: string },
  purchases: Purchases,
): Promise<{ readonly refund: Refund; readonly transfers: readonly TransferWork[] }> {
  const { purchase, refund } = await lockNamedRefund(tx, refundId, purchases);
  refuseUnlessReturnable(purchase, refund);
  const transfers = await purchase.bringBack(tx, refund, 'review');
  const returned = await transitionRefund(tx, refund, 'returned', {}, 'review');
  await clearFlags(tx, 'failed_after_succeeded', refundWorkflowId(refundId));
  await writeAuditLog(tx, act, {
    action: 'refund.return',
    subject: refundWorkflowId(refundId),
    before: { status: refund.status, [`${purchase.kind}Status`]: purchase.status },
    after: { status: returned.status, resent: transfers.map((transfer) => transfer.transferId) },
  });
  return { refund: returned, transfers };
}

function refuseUnlessReturnable(purchase: Purchase, refund: Refund): void {
  if (refund.status !== 'succeeded')
    throw new NotReturnable(refund, `A refund that is ${refund.status} cannot be returned.`);
  if (refund.kind === 'dispute')
    throw new NotReturnable(refund, 'A lost dispute is won back at the PSP, not returned by a bank.');
  if (purchase.isSuspended)
    throw new NotReturnable(
      refund,
      `The ${purchase.kind} never took this payment: give it back by a new refund.`,
    );
  if (purchase.hasOpenRefund)
    throw new NotReturnable(refund, `Another refund of the ${purchase.kind} is in progress.`);
}
