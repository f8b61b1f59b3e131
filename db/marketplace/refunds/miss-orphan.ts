import { eq, sql } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Db } from '../../client.ts';
import { refunds } from './schema.ts';
import { failPending } from './fail.ts';
import { lockRefund } from '../lock.ts';
import type { Purchases } from '../purchase.ts';
import { raiseFlag } from '../../kernel/index.ts';

export type MissedOrphan =
  | 'missed_once'
  | 'missed_again_too_soon'
  | 'failed'
  | 'ended'
  | 'adopted'
  /**
   * It has to be asked for again: it gives back money that no order took, or the PSP said that it has the refund and
   * does not show it.
   */
  | 'wanted';

/**
 * The PSP has no such refund, and no workflow asks for it. The first time this is only written down. If it is still
 * so `gapMs` later, when no earlier request can arrive any more, the refund becomes `failed` and its purchase goes
 * back to its status before. Under lock, by the database's clock. Repeatable.
 */
export async function missOrphan(
  db: Db,
  refundId: string,
  gapMs: number,
  purchases: Purchases,
): Promise<MissedOrphan> {
  return db.transaction(async (tx) => {
    const { purchase, refund } = await lockRefund(tx, refundId, purchases);
    if (refund.status !== 'pending') return 'ended';
    if (refund.hyperswitchRefundId !== null) return 'adopted';
    if (refund.kind === 'payment_returned' || refund.existsBy !== null) return 'wanted';
    if (refund.orphanMissedAt === null) {
      await tx
        .update(refunds)
        .set({ orphanMissedAt: sql`clock_timestamp()` })
        .where(eq(refunds.id, refundId));
      return 'missed_once';
    }
    const [old] = await tx
      .select({ id: refunds.id })
      .from(refunds)
      .where(
        sql`${refunds.id} = ${refundId} AND ${refunds.orphanMissedAt} < clock_timestamp() - ${gapMs} * interval '1 millisecond'`,
      );
    if (old === undefined) return 'missed_again_too_soon';
    const message = 'The payment provider never received this refund, and nothing asks for it any more.';
    await failPending(tx, purchase, refund, message);
    await raiseFlag(
      tx,
      'orphan_failed',
      refundWorkflowId(refundId),
      `${message} ${purchase.title} is back where it was; find out why its workflow was lost.`,
    );
    return 'failed';
  });
}

/** A workflow asks for the refund, or the engine is new: earlier misses do not count any more. */
export async function forgetMissedOrphan(db: Db, refundId: string): Promise<void> {
  await db
    .update(refunds)
    .set({ orphanMissedAt: null })
    .where(sql`${refunds.id} = ${refundId} AND ${refunds.orphanMissedAt} IS NOT NULL`);
}
