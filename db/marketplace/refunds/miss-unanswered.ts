import { eq } from 'drizzle-orm';
import type { RefundLook } from '../../../domain/marketplace/messages.ts';
import type { Db } from '../../client.ts';
import { missed } from '../../kernel/index.ts';
import { type Refund, refunds } from './schema.ts';
import { failPending } from './fail.ts';
import { lockRefund } from '../lock.ts';
import type { Purchases } from '../purchase.ts';

const MESSAGE = 'The payment provider never answered whether it has this refund, and does not know it.';

/**
 * A look for an operator did not find the refund at the PSP. The first look stops the asking: no call goes out any
 * more. A look `gapMs` later, when any call under way has arrived and is shown, fails the refund, and its purchase
 * goes back to its status before. Under lock, by the database's clock. Repeatable.
 */
export async function missUnanswered(
  db: Db,
  refundId: string,
  gapMs: number,
  purchases: Purchases,
): Promise<RefundLook> {
  return db.transaction(async (tx) => {
    const { purchase, refund } = await lockRefund(tx, refundId, purchases);
    if (refund.status !== 'pending') return endedAs(refund);
    if (refund.hyperswitchRefundId !== null) return { kind: 'known' };
    if (refund.existsBy !== null) {
      // An answer that was under way when the asking stopped says that the refund is there: it is asked for again.
      await tx.update(refunds).set({ givenUpAt: null }).where(eq(refunds.id, refundId));
      return { kind: 'exists' };
    }
    const { missedAt, lookAgainInMs } = await missed(tx, { missedAt: refund.givenUpAt }, gapMs);
    if (refund.givenUpAt === null) {
      await tx.update(refunds).set({ givenUpAt: missedAt }).where(eq(refunds.id, refundId));
    }
    if (lookAgainInMs > 0) {
      return {
        kind: 'missing',
        lookAgainAt: new Date(Date.now() + lookAgainInMs).toISOString(),
        lookAgainInMs,
      };
    }
    await failPending(tx, purchase, refund, MESSAGE);
    return { kind: 'ended', status: 'failed', message: MESSAGE };
  });
}

export const endedAs = ({ status, errorMessage }: Refund): RefundLook => ({
  kind: 'ended',
  status,
  message: errorMessage,
});
