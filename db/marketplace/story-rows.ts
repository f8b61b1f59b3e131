import { asc, eq, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { among } from '../kernel/index.ts';
import { ledgerEntries } from '../ledger/index.ts';
import { disputes, disputeWords } from './disputes/schema.ts';
import { orders } from './orders/schema.ts';
import { refundEvents } from './refunds/events-schema.ts';
import { refunds } from './refunds/schema.ts';
import { sellerTransfers, transferReversals } from './transfers/schema.ts';

/** Everything that belongs to an order, each by an index. */
export async function readOrderRows(db: Db, orderId: string) {
  const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
  const ofOrder = await Promise.all([
    db.select().from(refunds).where(eq(refunds.orderId, orderId)).orderBy(asc(refunds.createdAt)),
    db
      .select()
      .from(sellerTransfers)
      .where(eq(sellerTransfers.orderId, orderId))
      .orderBy(asc(sellerTransfers.createdAt)),
    db.select().from(disputes).where(eq(disputes.orderId, orderId)),
    db.select().from(ledgerEntries).where(eq(ledgerEntries.rootId, orderId)).orderBy(asc(ledgerEntries.id)),
  ]);
  const [refundsFound, transfers, disputesFound, entries] = ofOrder;
  const refundRows = refundsFound.map((row) => ({ ...row, orderId }));
  const disputeRows = disputesFound.map((row) => ({ ...row, orderId }));
  const stages = await among(
    refundRows.map(({ id }) => id),
    (ids) =>
      db.select().from(refundEvents).where(inArray(refundEvents.refundId, ids)).orderBy(asc(refundEvents.id)),
  );
  const words = await among(
    disputeRows.map(({ id }) => id),
    (ids) =>
      db
        .select()
        .from(disputeWords)
        .where(inArray(disputeWords.disputeId, ids))
        .orderBy(asc(disputeWords.id)),
  );
  const reversals = await among(
    transfers.map(({ id }) => id),
    (ids) =>
      db
        .select()
        .from(transferReversals)
        .where(inArray(transferReversals.transferId, ids))
        .orderBy(asc(transferReversals.createdAt)),
  );
  return {
    order: order ?? null,
    refunds: refundRows,
    stages,
    transfers,
    reversals,
    disputes: disputeRows,
    words,
    entries,
  };
}
export type OrderRows = Awaited<ReturnType<typeof readOrderRows>>;
