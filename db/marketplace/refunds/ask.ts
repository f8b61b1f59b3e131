import { and, eq, isNull, ne, or, sql } from 'drizzle-orm';
import type { RefundExistsBy } from '../../../domain/marketplace/refund-machine.ts';
import type { Db } from '../../client.ts';
import { type Refund, refunds } from './schema.ts';
import { orders } from '../orders/schema.ts';
import { MissingRow } from '../../kernel/index.ts';

/** Ask the PSP. That a call goes out is committed. */
export interface RefundAsk {
  readonly kind: 'ask';
  readonly refund: Refund;
  readonly paymentId: string;
  /** When the last call before this one went out that may have made it; null where there is none. */
  readonly mayExistSince: Date | null;
}

export type RefundClaim =
  | RefundAsk
  | { readonly kind: 'no_payment' }
  /** An operator has ended the asking. */
  | { readonly kind: 'given_up' }
  /** It has ended, or the PSP has it. */
  | { readonly kind: 'not_needed' };

/** Commits that the PSP is about to be asked, before anything is sent: what an operator gave up is never asked again. */
export async function askRefund(db: Db, refundId: string): Promise<RefundClaim> {
  return db.transaction(async (tx) => {
    const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId)).for('no key update');
    if (refund === undefined) throw new MissingRow('refund', refundId);
    if (refund.status !== 'pending' || refund.hyperswitchRefundId !== null) return { kind: 'not_needed' };
    if (refund.givenUpAt !== null) return { kind: 'given_up' };
    const [order] = await tx
      .select({ paymentId: orders.paymentId })
      .from(orders)
      .where(eq(orders.id, refund.orderId));
    if (!order?.paymentId) return { kind: 'no_payment' };
    await tx
      .update(refunds)
      .set({ askedAt: sql`clock_timestamp()` })
      .where(eq(refunds.id, refundId));
    return { kind: 'ask', refund, paymentId: order.paymentId, mayExistSince: refund.askedAt };
  });
}

/** The call was refused: it made nothing, and what may be there is still from the one before it. */
export async function unaskRefund(db: Db, refundId: string, mayExistSince: Date | null): Promise<void> {
  await db.update(refunds).set({ askedAt: mayExistSince }).where(eq(refunds.id, refundId));
}

/** The PSP says that it has the refund, and does not show it. HE_01 is its plain word, and is never taken back. */
export async function noteExists(db: Db, refundId: string, by: RefundExistsBy): Promise<void> {
  await db
    .update(refunds)
    .set({ existsBy: by })
    .where(and(eq(refunds.id, refundId), or(isNull(refunds.existsBy), ne(refunds.existsBy, 'HE_01'))));
}
