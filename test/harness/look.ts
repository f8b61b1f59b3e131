import { and, eq, inArray, isNull, or } from 'drizzle-orm';
import { expect, vi } from 'vitest';
import { auditLog, opsFlags } from '../../db/kernel/schema.ts';
import { ledgerEntries, sellerBalances } from '../../db/ledger/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import type { FlagKind } from '../../domain/flags.ts';
import type { PostingKind } from '../../domain/postings.ts';
import type { Attempt } from '../../domain/kernel/messages.ts';
import type { RequestEntry } from '../../stand-ins/kernel/requests.ts';
import type { World } from './world.ts';

// What tests look at, beside the rows that the world reads itself.

export type TransferRow = typeof sellerTransfers.$inferSelect;
export type ReversalRow = typeof transferReversals.$inferSelect;

const UNTIL_MS = 20_000;

/** Reads until it is so, and returns what was read: for states that nothing announces. */
export async function until<T>(read: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  return vi.waitFor(
    async () => {
      const seen = await read();
      if (!isSo(seen)) throw new Error(`it has not come to that: ${JSON.stringify(seen)}`);
      return seen;
    },
    { timeout: UNTIL_MS, interval: 20 },
  );
}

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

/** The reversal of a refund, once the attempts it has lost are so many. */
export const failedAttempts = (world: World, reversalId: string, count: number) =>
  until(
    () => reversalRow(world, reversalId),
    (row) => row.retryCount >= count,
  );

export const waitsFor = (world: World, reversalId: string, what: string) =>
  until(
    () => reversalRow(world, reversalId),
    (row) => row.waitingFor === what,
  );

/** What the workflow says of itself. */
export async function stateOf(world: World, workflowId: string) {
  return world.temporal.workflow.getHandle(workflowId).query<Attempt<string>>('state');
}

/** The same, once an attempt has come back. */
export const stateAfterAttempt = (world: World, workflowId: string) =>
  until(
    () => stateOf(world, workflowId),
    (state) => state.ended || state.lastError !== null,
  );

/** What Temporal's UI shows on the workflow's page. */
export async function detailsOf(world: World, workflowId: string): Promise<string> {
  const handle = world.temporal.workflow.getHandle(workflowId);
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
}

export const signal = (world: World, workflowId: string, name: string, ...args: unknown[]) =>
  world.temporal.workflow.getHandle(workflowId).signal(name, ...args);

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

export const auditOf = (world: World, subject: string) =>
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
