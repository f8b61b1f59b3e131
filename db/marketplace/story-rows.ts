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
  const stages = await stagesOf(db, refundRows);
  const words = await wordsOf(db, disputeRows);
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

const stagesOf = (db: Db, of: readonly { readonly id: string }[]) =>
  among(
    of.map(({ id }) => id),
    (ids) =>
      db.select().from(refundEvents).where(inArray(refundEvents.refundId, ids)).orderBy(asc(refundEvents.id)),
  );

const wordsOf = (db: Db, of: readonly { readonly id: string }[]) =>
  among(
    of.map(({ id }) => id),
    (ids) =>
      db
        .select()
        .from(disputeWords)
        .where(inArray(disputeWords.disputeId, ids))
        .orderBy(asc(disputeWords.id)),
  );

/** The refunds and disputes of these invoices, with what became of each. */
export async function readMoneyBackRows(db: Db, invoiceIds: readonly string[]) {
  const refundRows = await among(invoiceIds, (ids) =>
    db.select().from(refunds).where(inArray(refunds.invoiceId, ids)).orderBy(asc(refunds.createdAt)),
  );
  const disputeRows = await among(invoiceIds, (ids) =>
    db.select().from(disputes).where(inArray(disputes.invoiceId, ids)).orderBy(asc(disputes.openedAt)),
  );
  const stages = await stagesOf(db, refundRows);
  const words = await wordsOf(db, disputeRows);
  return { refunds: refundRows, disputes: disputeRows, stages, words };
}
