import { and, eq, inArray, isNull, or } from 'drizzle-orm';
import { expect } from 'vitest';
import { auditLog, opsFlags } from '../../db/kernel/schema.ts';
import { ledgerEntries, sellerBalances } from '../../db/ledger/schema.ts';
import { licenses, orderItems } from '../../db/marketplace/orders/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import type { FlagKind } from '../../domain/flags.ts';
import type { Attempt } from '../../domain/kernel/messages.ts';
import type { PostingKind } from '../../domain/postings.ts';
import type { RequestEntry } from '../../stand-ins/kernel/requests.ts';
import type { World } from './world.ts';

// What a test reads: rows, balances, flags, calls that the stand-ins were sent, what a workflow shows. Nothing here waits.

export type TransferRow = typeof sellerTransfers.$inferSelect;
export type ReversalRow = typeof transferReversals.$inferSelect;

export async function transferRow(world: World, id: string): Promise<TransferRow> {
  const [row] = await world.database.db.select().from(sellerTransfers).where(eq(sellerTransfers.id, id));
  if (row === undefined) throw new Error(`there is no transfer ${id}`);
  return row;
}

export async function reversalRow(world: World, id: string): Promise<ReversalRow> {
  const [row] = await world.database.db.select().from(transferReversals).where(eq(transferReversals.id, id));
  if (row === undefined) throw new Error(`there is no reversal ${id}`);
  return row;
}

/** The only transfer of an order with one seller. */
export async function onlyTransfer(world: World, orderId: string): Promise<TransferRow> {
  const rows = await world.transfersOf(orderId);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

/** The only reversal of a refund. */
export async function onlyReversal(world: World, refundId: string): Promise<ReversalRow> {
  const rows = await world.reversalsOf(refundId);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

/** What the workflow says of itself. */
export async function stateOf(world: World, workflowId: string) {
  return world.temporal.workflow.getHandle(workflowId).query<Attempt<string>>('state');
}

/** What Temporal's UI shows on the workflow's page. */
export async function detailsOf(world: World, workflowId: string): Promise<string> {
  const handle = world.temporal.workflow.getHandle(workflowId);
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
}

/** Calls that would create a transfer to this account, oldest first. */
export const transferCalls = (world: World, accountId: string): RequestEntry[] =>
  world.stripe.control
    .requests('transfers.create')
    .filter((entry) => (entry.body as { destination?: string }).destination === accountId);

/** Calls that would reverse this Stripe transfer, oldest first. */
export const reversalCalls = (world: World, stripeTransferId: string): RequestEntry[] =>
  world.stripe.control
    .requests('transfers.createReversal')
    .filter((entry) => entry.params['id'] === stripeTransferId);

export const keysOf = (calls: readonly RequestEntry[]) =>
  calls.map((call) => call.headers['idempotency-key']);

/** What Stripe holds for this account. */
export const sentTo = (world: World, accountId: string) =>
  world.stripe.control.transfers().filter((transfer) => transfer.destination === accountId);

export async function balanceOf(world: World, sellerId: string) {
  const [row] = await world.database.db
    .select()
    .from(sellerBalances)
    .where(eq(sellerBalances.sellerId, sellerId));
  const { pendingMinor = 0, availableMinor = 0, owedMinor = 0 } = row ?? {};
  return { pendingMinor, availableMinor, owedMinor };
}

export const openFlags = (world: World, kind: FlagKind, subject: string) =>
  world.database.db
    .select()
    .from(opsFlags)
    .where(and(eq(opsFlags.kind, kind), eq(opsFlags.subject, subject), isNull(opsFlags.clearedAt)));

export const auditLogOf = (world: World, subject: string) =>
  world.database.db.select().from(auditLog).where(eq(auditLog.subject, subject)).orderBy(auditLog.id);

/** How many postings of this kind a transfer has, and the reversals of it. */
export async function postingsOf(world: World, transferId: string, kind: string): Promise<number> {
  const { db } = world.database;
  const reversals = db
    .select({ id: transferReversals.id })
    .from(transferReversals)
    .where(eq(transferReversals.transferId, transferId));
  const ofIt = or(eq(ledgerEntries.ofId, transferId), inArray(ledgerEntries.ofId, reversals));
  const rows = await db
    .selectDistinct({ id: ledgerEntries.transactionId })
    .from(ledgerEntries)
    .where(and(ofIt, eq(ledgerEntries.kind, kind as PostingKind)));
  return rows.length;
}

export const reversalLookUps = (world: World, stripeTransferId: string): RequestEntry[] =>
  world.stripe.control
    .requests('transfers.listReversals')
    .filter((entry) => entry.params['id'] === stripeTransferId);

export async function licensesOf({ database: { db } }: World, orderId: string) {
  const rows = await db
    .select({ license: licenses, sellerId: orderItems.sellerId })
    .from(licenses)
    .innerJoin(orderItems, eq(orderItems.id, licenses.orderItemId))
    .where(eq(orderItems.orderId, orderId))
    .orderBy(orderItems.position);
  return rows.map(({ license, sellerId }) => ({ ...license, sellerId }));
}

export const refundsOf = ({ database: { db } }: World, orderId: string) =>
  db.select().from(refunds).where(eq(refunds.orderId, orderId)).orderBy(refunds.createdAt);

/** The kinds of what waits for a person about a subject. */
export async function flagsOf({ database: { db } }: World, subject: string): Promise<string[]> {
  const rows = await db
    .select({ kind: opsFlags.kind })
    .from(opsFlags)
    .where(and(eq(opsFlags.subject, subject), isNull(opsFlags.clearedAt)));
  return rows.map((row) => row.kind);
}

/** Every row of an order as it stands, to be compared with itself later: not whether a sweep has looked at it. */
export async function pictureOf({ database: { sql } }: World, orderId: string): Promise<unknown> {
  const [row] = await sql`
    SELECT
      (SELECT to_jsonb(o) - 'outside_checked_at' FROM orders o WHERE o.id = ${orderId}) AS "order",
      (SELECT jsonb_agg(r ORDER BY r.id) FROM refunds r WHERE r.order_id = ${orderId}) AS refunds,
      (SELECT jsonb_agg(l ORDER BY l.id) FROM licenses l JOIN order_items i ON i.id = l.order_item_id
       WHERE i.order_id = ${orderId}) AS licenses,
      (SELECT jsonb_agg(t ORDER BY t.id) FROM seller_transfers t WHERE t.order_id = ${orderId}) AS transfers,
      (SELECT jsonb_agg(v ORDER BY v.id) FROM transfer_reversals v JOIN seller_transfers t ON t.id = v.transfer_id
       WHERE t.order_id = ${orderId}) AS reversals,
      (SELECT jsonb_agg(e ORDER BY e.id) FROM ledger_entries e WHERE e.root_id = ${orderId}) AS entries`;
  return row;
}

/** `COMPLETED`, `RUNNING`, … of the last run under this id. */
export async function workflowStatus(world: World, workflowId: string): Promise<string> {
  return (await world.temporal.workflow.getHandle(workflowId).describe()).status.name;
}

/** The last run's `VezaStatus`, by which lists in Temporal's UI find it. */
export async function statusShown(world: World, workflowId: string): Promise<string | undefined> {
  const { searchAttributes } = await world.temporal.workflow.getHandle(workflowId).describe();
  const [status] = searchAttributes['VezaStatus'] ?? [];
  return typeof status === 'string' ? status : undefined;
}

/** A history as people with access to Temporal read it, payloads decoded. */
export async function historyText(world: World, workflowId: string): Promise<string> {
  const history = await world.temporal.workflow.getHandle(workflowId).fetchHistory();
  return JSON.stringify(history, (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
  );
}
