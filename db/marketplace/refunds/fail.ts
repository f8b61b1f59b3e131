import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Db, Tx } from '../../client.ts';
import { transitionRefund } from './transition.ts';
import type { Refund } from './schema.ts';
import { lockRefund } from '../lock.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { clearFailedGiveBacks } from './clear-failed-give-backs.ts';
import { isOlder, latest } from './provider-time.ts';
import type { Purchase, Purchases } from '../purchase.ts';

/**
 * The PSP definitely refused: the refund becomes `failed`, and its purchase goes back to its status before.
 * Repeatable. `saidAt`: when the PSP changed the refund, ISO 8601, since reports come in any order.
 */
export async function failRefund(
  db: Db,
  refundId: string,
  { message, saidAt }: { readonly message: string; readonly saidAt?: string | undefined },
  purchases: Purchases,
): Promise<{ readonly status: 'failed' | 'succeeded' | 'returned' }> {
  return db.transaction(async (tx) => {
    const { purchase, refund } = await lockRefund(tx, refundId, purchases);
    if (refund.status === 'succeeded' && !isOlder(saidAt, refund)) {
      // A bank can send a refund back days later. A person who looked reverts the books, not a webhook.
      await raiseFlag(tx, 'failed_after_succeeded', refundWorkflowId(refundId), message);
    }
    if (refund.status !== 'pending') return { status: refund.status };
    await failPending(tx, purchase, refund, message, saidAt);
    return { status: 'failed' };
  });
}

/**
 * Under the locks of refund and purchase: the refund becomes `failed`, and the purchase goes back to its status
 * before.
 */
export async function failPending(
  tx: Tx,
  purchase: Purchase,
  refund: Refund,
  message: string,
  saidAt?: string,
): Promise<void> {
  await transitionRefund(tx, refund, 'failed', {
    errorMessage: message,
    failedAt: new Date(),
    providerUpdatedAt: latest(saidAt, refund),
  });
  await purchase.refundFailed(tx, refund);
  if (refund.kind !== 'payment_returned') return;
  // The money may have gone back in another way meanwhile: cancelled by the PSP, or refunded in its dashboard.
  if ((purchase.capturedMinor ?? 0) === purchase.refundedMinor) return;
  // One flag for the money that is held, on the give-back that failed last.
  await clearFailedGiveBacks(tx, purchase);
  await raiseFlag(
    tx,
    'give_back_failed',
    refundWorkflowId(refund.id),
    `The buyer's money is still held: ${message}`,
  );
}
