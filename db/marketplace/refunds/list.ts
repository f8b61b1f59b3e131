import { and, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { isOfOrder, type Refund, type RefundOfOrder, refunds } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../../kernel/index.ts';

export async function readRefund(db: Db, refundId: string): Promise<Refund | null> {
  const [row] = await db.select().from(refunds).where(eq(refunds.id, refundId));
  return row ?? null;
}

export async function listRefundsOfOrder(
  db: Db,
  { orderId, ask }: { orderId: string; ask: PageAsk },
): Promise<Page<RefundOfOrder>> {
  const { after, orderBy, limit } = keyset(refunds, refunds.createdAt, refunds.id, ask);
  const rows = await db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows.filter(isOfOrder), ask);
}
