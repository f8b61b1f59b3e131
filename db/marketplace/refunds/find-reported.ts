import { and, eq, isNull, or, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { isUuid } from '../../../domain/kernel/index.ts';
import { writtenOnce } from '../../kernel/index.ts';
import { orders } from '../orders/schema.ts';
import { refunds } from './schema.ts';

const reported = writtenOnce((db) =>
  db
    .select({
      refund: {
        id: refunds.id,
        orderId: refunds.orderId,
        invoiceId: refunds.invoiceId,
        amountMinor: refunds.amountMinor,
        currency: refunds.currency,
      },
      order: { id: orders.id, totalMinor: orders.totalMinor, currency: orders.currency },
    })
    .from(sql`(SELECT) AS one`)
    .leftJoin(
      refunds,
      or(
        eq(refunds.id, sql.placeholder('ownId')),
        eq(refunds.hyperswitchRefundId, sql.placeholder('refundId')),
      ),
    )
    .leftJoin(orders, and(isNull(refunds.id), eq(orders.paymentId, sql.placeholder('paymentId'))))
    .limit(1)
    .prepare('reported_refund'),
);

/**
 * What the PSP's refund is about, in one statement: our refund, by our id or the PSP's; where there is none, the order of the
 * payment that it names.
 */
export async function findReportedRefund(db: Db, refundId: string, paymentId: string | undefined) {
  const ownId = isUuid(refundId) ? refundId : null;
  const [found] = await reported(db).execute({ ownId, refundId, paymentId: paymentId ?? null });
  return { refund: found?.refund ?? null, order: found?.order ?? null };
}
