import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { auditLog, opsFlags } from '../kernel/index.ts';
import { webhookEvents } from '../webhooks/index.ts';
import {
  disputes,
  disputeWords,
  refunds,
  orders,
  refundEvents,
  sellerTransfers,
  transferReversals,
} from '../marketplace/index.ts';
import { ledgerEntries } from '../ledger/index.ts';
import { sellerPayouts } from '../payouts/index.ts';

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

export async function readPayoutRows(db: Db, payoutId: string) {
  const [payout] = await db.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
  if (payout === undefined) return null;
  const entries = await db
    .select()
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.rootId, payoutId),
        eq(ledgerEntries.account, `seller:${payout.sellerId}:paying_out`),
      ),
    )
    .orderBy(asc(ledgerEntries.id));
  return { payout, entries };
}

/** Records about these rows: webhooks by their object, operators' actions, flags. */
export async function readMentions(
  db: Db,
  { about, subjects }: { readonly about: readonly string[]; readonly subjects: readonly string[] },
) {
  const webhooks = await among(about, (ids) =>
    db
      .select()
      .from(webhookEvents)
      .where(inArray(webhookEvents.about, ids))
      .orderBy(asc(webhookEvents.receivedAt)),
  );
  const all = [...subjects, ...webhooks.map(({ id }) => id)];
  const [audits, flags] = await Promise.all([
    among(all, (ids) =>
      db.select().from(auditLog).where(inArray(auditLog.subject, ids)).orderBy(asc(auditLog.id)),
    ),
    among(all, (ids) =>
      db.select().from(opsFlags).where(inArray(opsFlags.subject, ids)).orderBy(asc(opsFlags.raisedAt)),
    ),
  ]);
  return { webhooks, audits, flags };
}
export type Mentions = Awaited<ReturnType<typeof readMentions>>;

const among = async <Row>(ids: readonly string[], read: (ids: string[]) => Promise<Row[]>): Promise<Row[]> =>
  ids.length === 0 ? [] : read([...new Set(ids)]);
