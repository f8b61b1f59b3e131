import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Db, Tx } from '../../client.ts';
import type { Order } from '../orders/schema.ts';
import { transitionRefund } from './transition.ts';
import type { Refund } from './schema.ts';
import { lockRefund } from '../lock.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { isOlder, latest } from './provider-time.ts';
import { recomputeOrder } from '../orders/recompute-order.ts';

/**
 * The PSP's definite no: the refund is `failed`, the order back where it was. Repeatable. `saidAt`: when the PSP changed
 * it, ISO 8601; its words come in any order.
 */
export async function failRefund(
  db: Db,
  refundId: string,
  message: string,
  saidAt?: string,
): Promise<{ readonly status: 'failed' | 'succeeded' | 'returned' }> {
  return db.transaction(async (tx) => {
    const { order, refund } = await lockRefund(tx, refundId);
    if (refund.status === 'succeeded' && !isOlder(saidAt, refund)) {
      // A bank can send a refund back days later. The books are reverted by a person who looked, not by a webhook.
      await raiseFlag(tx, 'failed_after_succeeded', refundWorkflowId(refundId), message);
    }
    if (refund.status !== 'pending') return { status: refund.status };
    await failPending(tx, order, refund, message, saidAt);
    return { status: 'failed' };
  });
}

/** Under its lock and its order's: the refund is `failed`, the order back where it was. */
export async function failPending(
  tx: Tx,
  order: Order,
  refund: Refund,
  message: string,
  saidAt?: string,
): Promise<void> {
  await transitionRefund(tx, refund, 'failed', {
    errorMessage: message,
    failedAt: new Date(),
    providerUpdatedAt: latest(saidAt, refund),
  });
  await recomputeOrder(tx, order);
  if (refund.kind !== 'payment_returned') return;
  // It may have gone back some other way meanwhile: cancelled by the PSP, or refunded in its dashboard.
  if ((order.capturedMinor ?? 0) === order.refundedMinor) return;
  await raiseFlag(
    tx,
    'give_back_failed',
    refundWorkflowId(refund.id),
    `The buyer's money is still held: ${message}`,
  );
}
