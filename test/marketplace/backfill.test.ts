import { inArray } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { opsFlags } from '../../db/kernel/schema.ts';
import { sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import type { BackfillReport, BackfillRequest } from '../../domain/marketplace/backfill.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { legacyTransfer, sentBefore } from './legacy.ts';
import {
  type TransferRow,
  auditLogOf,
  onlyReversal,
  onlyTransfer,
  openFlags,
  transferRow,
} from '../harness/read.ts';
import { connect, openShop, type Seller, type Shop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { onTransferLookUps } from '../harness/trouble.ts';
import { takeTurn, TURN_TIMEOUT_MS } from '../harness/turns.ts';
import { World } from '../harness/world.ts';

async function backfill({ engine }: World, dryRun: boolean): Promise<BackfillReport> {
  await engine.startBackfill(dryRun);
  return engine.backfillReport(dryRun);
}

const SOLD_NOW = { completedAt: new Date(), createdAt: new Date() };

/** Everything that a backfill could change. */
const pictureOf = async ({ database: { sql } }: World) => ({
  transfers: [...(await sql`SELECT * FROM seller_transfers ORDER BY id`)],
  flags: [...(await sql`SELECT * FROM ops_flags ORDER BY id`)],
  audit: [...(await sql`SELECT * FROM audit_log ORDER BY id`)],
});

let endTurn: () => Promise<void>;
beforeAll(async () => {
  endTurn = await takeTurn('backfill');
}, TURN_TIMEOUT_MS);
afterAll(() => endTurn());

describe('one backfill over transfers that an older system sent', () => {
  let world: World;
  let seller: Seller;
  let shop: Shop;
  let dry: BackfillReport;
  let report: BackfillReport;
  let wrote: boolean;
  const cases = new Map<string, { transfer: TransferRow; sent: readonly string[] }>();

  const arrange = async (
    name: string,
    set: Parameters<typeof legacyTransfer>[2],
    send: (transfer: TransferRow) => Promise<readonly string[]>,
  ) => {
    const transfer = await legacyTransfer(world, seller, set);
    cases.set(name, { transfer, sent: await send(transfer) });
  };
  const found = (name: string) => cases.get(name)!;
  const findingOf = (name: string) =>
    report.findings.find(({ transferId }) => transferId === found(name).transfer.id);
  const rowOf = (name: string) => transferRow(world, found(name).transfer.id);

  beforeAll(async () => {
    world = await World.create({ env: { TRANSFER_RETRY_BACKOFF_BASE: '1ms', REVERSAL_BACKOFF_BASE: '1ms' } });
    shop = await openShop(world);
    seller = shop.seller;
    const { accountId } = seller;
    const once = async (transfer: TransferRow) => [await sentBefore(world, transfer, accountId)];

    await arrange('one', {}, once);
    await arrange('empty id', { stripeTransferId: '' }, once);
    await arrange('no account on the row', { stripeAccountId: null }, once);
    await arrange('among others', {}, async (transfer) => [
      await sentBefore(world, transfer, accountId),
      await sentBefore(world, { ...transfer, amountMinor: transfer.amountMinor + 1 }, accountId),
      await sentBefore(world, transfer, accountId, { currency: 'eur' }),
      await sentBefore(world, transfer, accountId, { 'metadata[order_id]': 'another' }),
      await sentBefore(world, transfer, `${accountId}x`),
      await sentBefore(world, transfer, accountId, { transfer_group: 'another' }),
    ]);
    await arrange('no group', SOLD_NOW, async (transfer) => [
      await sentBefore(world, transfer, accountId, { transfer_group: null }),
      await sentBefore(world, transfer, accountId, {
        transfer_group: null,
        'metadata[order_id]': 'another',
      }),
    ]);
    await arrange('several without a group', SOLD_NOW, async (transfer) => [
      await sentBefore(world, transfer, accountId, { transfer_group: null }),
      await sentBefore(world, transfer, accountId, { transfer_group: null }),
    ]);
    // The sale was years before what Stripe lists.
    await arrange('no group, another time', {}, async (transfer) => [
      await sentBefore(world, transfer, accountId, { transfer_group: null }),
    ]);
    await arrange('none', {}, async () => []);
    await arrange('other amount', {}, async (transfer) => [
      await sentBefore(world, { ...transfer, amountMinor: 1 }, accountId),
    ]);
    await arrange('several', {}, async (transfer) => [
      await sentBefore(world, transfer, accountId),
      await sentBefore(world, transfer, accountId),
    ]);
    await arrange('claimed', {}, async (transfer) => {
      const id = await sentBefore(world, transfer, accountId);
      await legacyTransfer(world, seller, { stripeTransferId: id });
      return [id];
    });
    await arrange('names another row', {}, async (transfer) => [
      await sentBefore(world, transfer, accountId, { 'metadata[transfer_id]': found('one').transfer.id }),
    ]);
    await arrange('names a row of the older system', {}, async (transfer) => [
      await sentBefore(world, transfer, accountId, { 'metadata[transfer_id]': 'old-4711' }),
    ]);
    await arrange('retried', {}, async (transfer) => {
      await world.database.db
        .insert(sellerTransfers)
        .values({ ...transfer, id: uuidv7(), retryOf: transfer.id });
      return [await sentBefore(world, transfer, accountId)];
    });
    const stranger = (await openShop(world, { connected: false })).seller;
    cases.set('no account', {
      transfer: await legacyTransfer(world, stranger, { stripeAccountId: null }),
      sent: [],
    });
    const refused = (await openShop(world)).seller;
    cases.set('refused', { transfer: await legacyTransfer(world, refused), sent: [] });
    onTransferLookUps(world, refused.accountId, { kind: 'status', status: 400, times: 'always' });
    // Stripe is away for the first look-ups of each run: they are repeated.
    onTransferLookUps(world, accountId, { kind: 'status', status: 503, times: 2 });

    const before = await pictureOf(world);
    dry = await backfill(world, true);
    wrote = JSON.stringify(await pictureOf(world)) !== JSON.stringify(before);
    report = await backfill(world, false);
  });
  afterAll(() => world.close());

  it.each([
    'one',
    'empty id',
    'no account on the row',
    'among others',
    'names a row of the older system',
    'no group',
  ])('exactly one fits (%s): its id is written, with the account, and audited', async (name) => {
    const { transfer, sent } = found(name);
    expect(await rowOf(name)).toEqual({
      ...transfer,
      stripeTransferId: sent[0],
      stripeAccountId: seller.accountId,
    });
    expect(findingOf(name)).toBeUndefined();
    expect(await auditLogOf(world, `transfer/${transfer.id}`)).toMatchObject([
      { actor: 'system', action: 'backfill_transfer_id', after: { stripe_transfer_id: sent[0] } },
    ]);
  });

  it.each([
    ['none', 'none', /lists no transfer of 90.00 USD/],
    ['other amount', 'none', /lists no transfer/],
    ['no group, another time', 'none', /lists no transfer/],
    ['several without a group', 'several', /lists several/],
    ['no account', 'none', /names a Stripe account/],
    ['several', 'several', /lists several/],
    ['claimed', 'claimed', /belongs to another transfer/],
    ['names another row', 'claimed', /belongs to another transfer/],
    ['retried', 'claimed', /fits transfer .* as well/],
    ['refused', 'unreadable', /./],
  ])('%s: nothing is written, it is reported as %s and flagged', async (name, why, detail) => {
    const { transfer, sent } = found(name);
    expect(await rowOf(name)).toEqual(transfer);
    expect(findingOf(name)).toMatchObject({
      why,
      orderId: transfer.orderId,
      detail: expect.stringMatching(detail),
    });
    if (why === 'several') for (const id of sent) expect(findingOf(name)?.detail).toContain(id);
    const flags = await openFlags(world, 'transfer_without_id', `transfer/${transfer.id}`);
    expect(flags).toMatchObject([{ detail: findingOf(name)!.detail }]);
  });

  it('counts each transfer once, though Stripe was away in between', () => {
    // Each case is one transfer without an id, and the retry of one of them is another.
    const total = cases.size + 1;
    expect(report).toMatchObject({
      dryRun: false,
      total,
      looked: total,
      matched: 6,
      unmatched: { none: 4, several: 2, claimed: 4, unreadable: 1 },
    });
    expect(report.findings).toHaveLength(total - 6);
  });

  it('a dry run says the same and writes nothing', () => {
    expect(wrote).toBe(false);
    expect(dry).toEqual({ ...report, dryRun: true });
  });

  it('begun again, it looks only at what has no id yet, and lowers the flag of what it finds', async () => {
    const { transfer } = found('none');
    const id = await sentBefore(world, transfer, seller.accountId);
    const again = await backfill(world, false);
    expect(again).toMatchObject({ total: cases.size + 1 - 6, matched: 1 });
    expect((await rowOf('none')).stripeTransferId).toBe(id);
    expect(await openFlags(world, 'transfer_without_id', `transfer/${transfer.id}`)).toEqual([]);
    const raised = await world.database.db
      .select()
      .from(opsFlags)
      .where(inArray(opsFlags.kind, ['transfer_without_id']));
    expect(raised.filter((flag) => flag.clearedAt === null)).toHaveLength(again.findings.length);
  });

  it('a refund that found no id can be taken back once there is one', async () => {
    const { buyer, admin, productIds } = shop;
    const { orderId, transfers } = await completedOrder(world, buyer, productIds);
    const [sent] = transfers;
    await world.database.sql`UPDATE seller_transfers SET stripe_transfer_id = NULL WHERE id = ${sent!.id}`;
    const { refundId } = await settledRefund(world, buyer, orderId);
    const reversal = await onlyReversal(world, refundId);
    expect(reversal.status).toBe('permanently_failed');

    await backfill(world, false);
    expect((await onlyTransfer(world, orderId)).stripeTransferId).toBe(sent!.stripeTransferId);
    const retried = await world.post(admin, `/admin/reversals/${reversal.id}/retry`, {
      reason: 'it has an id now',
    });
    expect(retried.status, JSON.stringify(retried.body)).toBe(202);
    const retriedId: string = retried.body['reversal']!['id']!;
    expect(await world.finished(`reversal/${retriedId}`)).toEqual({
      status: 'reversed',
    });
    await expectCleanBooks(world);
  });

  it('what was never sent is not looked at', async () => {
    const { buyer, productIds, seller: unconnected } = await openShop(world, { connected: false });
    const order = await world.post(buyer, '/marketplace/orders', { items: [{ product_id: productIds[0] }] });
    const orderId: string = order.body['order']!['id']!;
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    const { id } = await onlyTransfer(world, orderId);
    const again = await backfill(world, true);
    expect(again.findings.map(({ transferId }) => transferId)).not.toContain(id);
    await connect(world, unconnected);
  });
});

describe('a backfill of many rows', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.create({ worker: false });
  });
  afterEach(() => world.close());

  async function manyTransfers(count: number) {
    const { seller } = await openShop(world);
    const ids = new Map<string, string>();
    for (let index = 0; index < count; index += 1) {
      const transfer = await legacyTransfer(world, seller);
      ids.set(transfer.id, await sentBefore(world, transfer, seller.accountId));
    }
    return { seller, ids };
  }
  const written = async (ids: ReadonlyMap<string, string>) => {
    const rows = await world.database.db
      .select()
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.id, [...ids.keys()]));
    return rows.filter((row) => row.stripeTransferId !== null);
  };

  it('worker killed in the middle: the next one goes on, nothing is written twice or left out', async () => {
    const { seller, ids } = await manyTransfers(20);
    const slow = onTransferLookUps(world, seller.accountId, {
      kind: 'latency',
      delayMs: 100,
      times: 'always',
    });
    await world.startWorkerProcess();
    const { engine } = world;
    await engine.startBackfill(false);
    await expect.poll(async () => (await written(ids)).length, { timeout: 60_000 }).toBeGreaterThan(5);
    await world.killWorkerProcess();
    const before = (await written(ids)).length;
    expect(before).toBeLessThan(ids.size);
    world.stripe.control.clearFaults(slow);

    await world.startWorker();
    expect(await engine.backfillReport(false)).toMatchObject({
      total: 20,
      looked: 20,
      matched: 20,
      findings: [],
    });
    const rows = await written(ids);
    expect(new Map(rows.map((row) => [row.id, row.stripeTransferId]))).toEqual(ids);
    for (const id of ids.keys()) expect(await auditLogOf(world, `transfer/${id}`)).toHaveLength(1);
    await expectCleanBooks(world);
    // A worker process to start, and a dead one to be noticed.
  }, 120_000);

  it('continues as new: no run’s history grows with the rows, and the report is of all of them', async () => {
    await world.startWorker();
    const { ids } = await manyTransfers(11);
    const request: BackfillRequest = { dryRun: false, batchRows: 2, batchesPerRun: 2 };
    const handle = await world.temporal.workflow.start('backfillTransferIds', {
      workflowId: `backfill-test-${uuidv7()}`,
      taskQueue: world.config.TEMPORAL_STRIPE_TASK_QUEUE,
      args: [request],
    });
    expect(await handle.result()).toMatchObject({ total: 11, looked: 11, matched: 11 });
    expect(await written(ids)).toHaveLength(11);
    const first = world.temporal.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
    const last = world.temporal.workflow.getHandle(handle.workflowId);
    expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
    expect((await last.describe()).runId).not.toBe(handle.firstExecutionRunId);
    const { events } = await last.fetchHistory();
    expect(events?.length).toBeLessThan(30);
  });

  it('started while it runs: joined, not run twice; progress can be asked', async () => {
    const { ids } = await manyTransfers(3);
    const { engine } = world;
    await engine.startBackfill(false);
    await engine.startBackfill(false);
    const lookUps = world.stripe.control.requests('transfers.list').length;
    await world.startWorker();
    expect(await engine.backfillReport(false)).toMatchObject({ total: 3, matched: 3 });
    expect(world.stripe.control.requests('transfers.list')).toHaveLength(lookUps + ids.size);
    expect(await engine.backfillProgress(false)).toEqual({
      dryRun: false,
      total: 3,
      looked: 3,
      matched: 3,
      unmatched: { none: 0, several: 0, claimed: 0, unreadable: 0 },
    });
  });
});
