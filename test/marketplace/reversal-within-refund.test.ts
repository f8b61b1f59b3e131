import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepPlatformSetting } from '../../db/kernel/platform-setting.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  detailsOf,
  keysOf,
  onlyReversal,
  postingsOf,
  refundsOf,
  reversalCalls,
  reversalRow,
  stateOf,
  statusShown,
  transferCalls,
} from '../harness/read.ts';
import { refundedOrder, soldOrder } from '../harness/refunded.ts';
import { openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, signal } from '../harness/stories.ts';
import {
  NOT_THERE,
  onReversalsOf,
  onTransfersTo,
  reversedBehindOurBack,
  STRIPE_IS_DOWN,
  type Trouble,
} from '../harness/trouble.ts';
import { eventually, until, waitsFor } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';

// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = {
  REVERSAL_BACKOFF_BASE: '10m',
  REVERSAL_BACKOFF_MAX: '1h',
  TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
};
const LONG_MS = 120_000;
/** Longer than a refund waits for Stripe, and less than any call does. */
const SLOW_MS = 8_000;

describe('the first attempt of a reversal, within its refund’s workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT, worker: false });
    await keepPlatformSetting(world.database.db, 'temporal_namespace_id', await world.engine.namespaceId());
    await world.startWorkerProcess();
  }, LONG_MS);
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  const hasWorkflow = (reversalId: string) =>
    world.temporal.workflow
      .getHandle(`reversal/${reversalId}`)
      .describe()
      .then(
        () => true,
        () => false,
      );

  /** The workflow to which the story of a reversal links. */
  async function linkOf(admin: Person, reversalId: string): Promise<string> {
    const subject = `reversal/${reversalId}`;
    const told = await world.get(admin, `/admin/story?subject=${subject}`);
    const row = told.body['story']!['rows'].find((one) => one.subject === subject);
    return decodeURIComponent(row!['workflow_url']!.split('/').at(-1)!);
  }

  it('takes most back: there is no other workflow, and the refund’s page says so', async () => {
    const { shop, reversal, refundId, stripeTransferId, transfer } = await refundedOrder(world);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      retryCount: 0,
      idempotencyKey: `reversal:${reversal.id}:1`,
      doneWithinRefund: true,
    });
    expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
    expect(await hasWorkflow(reversal.id)).toBe(false);
    const details = await detailsOf(world, `refund/${refundId}`);
    expect(details).toContain('- **State:** succeeded: the buyer has the money');
    expect(details).toContain('- **Reversals done here:** 1');
    // What met no trouble is told from others by its end alone.
    expect(await statusShown(world, `refund/${refundId}`)).toBe('pending');
    expect(await linkOf(shop.admin, reversal.id)).toBe(`refund/${refundId}`);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    await expectAgreement(world);
  });

  it('of a refund that was made elsewhere it has its own workflow, and the link leads there', async () => {
    const { orderId, shop } = await soldOrder(world);
    world.psp.control.createExternalRefund(orderId, PRICE_MINOR);
    await world.finished(`order/${orderId}`);
    const [refund] = await until(
      () => refundsOf(world, orderId),
      (rows) => rows.length === 1,
    );
    const reversal = await onlyReversal(world, refund!.id);
    expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
    expect(await hasWorkflow(reversal.id)).toBe(true);
    expect(await linkOf(shop.admin, reversal.id)).toBe(`reversal/${reversal.id}`);
    await expectAgreement(world);
  });

  const WAITS: Readonly<Record<string, Trouble>> = {
    seller_funds: { kind: 'insufficientFunds' },
    rate_limit: { kind: 'status', status: 429, headers: { 'retry-after': '3600' } },
    stripe_key: { kind: 'status', status: 401 },
  };
  it.each(Object.entries(WAITS))(
    'waiting for %s, which counts as no attempt, it has its own workflow, and the link leads there',
    async (wait, trouble) => {
      const { shop, reversal, workflowId } = await refundedOrder(world, { troubles: [trouble] });
      expect(await waitsFor(world, reversal.id, wait)).toMatchObject({ status: 'pending', retryCount: 0 });
      expect(await linkOf(shop.admin, reversal.id)).toBe(workflowId);
      await signal(world, workflowId, 'retryNow');
      expect(await world.temporal.workflow.getHandle(workflowId).result()).toEqual({ status: 'reversed' });
      expect(await reversalRow(world, reversal.id)).toMatchObject({
        retryCount: 0,
        doneWithinRefund: false,
      });
      expect(await linkOf(shop.admin, reversal.id)).toBe(workflowId);
      await expectAgreement(world);
    },
  );

  it('of a transfer that was on its way it has its own workflow, and the link leads there', async () => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, { kind: 'latency', delayMs: 3_000 });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    await until(
      () => Promise.resolve(transferCalls(world, shop.seller.accountId)),
      (calls) => calls.length === 1,
    );
    const refundId = await openedRefund(world, shop.buyer, orderId);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await world.reversalsOf(refundId)).toEqual([]);
    const [transfer] = await world.transfersOf(orderId);
    await world.finished(`transfer/${transfer!.id}`);
    const { id } = await onlyReversal(world, refundId);
    expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
    expect(await reversalRow(world, id)).toMatchObject({ retryCount: 0, doneWithinRefund: false });
    expect(await linkOf(shop.admin, id)).toBe(`reversal/${id}`);
    await expectAgreement(world);
  });

  it('of nine sellers eight have room: the ninth has its own workflow, and the link leads there', async () => {
    const shop = await openShop(world, { prices: Array.from({ length: 9 }, () => PRICE_MINOR) });
    const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    for (const { stripeTransferId } of transfers)
      onReversalsOf(world, stripeTransferId!, { kind: 'latency', delayMs: 2_000 });
    const calls = () => transfers.flatMap((one) => reversalCalls(world, one.stripeTransferId!));
    // Room is short, not the limit on calls: that has always one to spare.
    const { sql } = world.database;
    await sql.unsafe(`
      CREATE FUNCTION always_free() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.next_free_at := now(); RETURN NEW;
      END $$;
      CREATE TRIGGER always_free BEFORE UPDATE ON rate_limits FOR EACH ROW EXECUTE FUNCTION always_free()`);
    const refundId = await openedRefund(world, shop.buyer, orderId);
    const open = await until(
      () => Promise.resolve(calls()),
      (made) => made.length === 8,
    );
    expect(open.every(({ outcome }) => outcome === 'open')).toBe(true);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    await sql`DROP FUNCTION always_free CASCADE`;
    const reversals = await world.reversalsOf(refundId);
    expect(reversals).toHaveLength(9);
    for (const { id } of reversals)
      expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
    const rows = await world.reversalsOf(refundId);
    const [ninth, ...others] = rows.filter(({ doneWithinRefund }) => !doneWithinRefund);
    expect(others).toEqual([]);
    for (const { id } of rows) expect(await hasWorkflow(id)).toBe(id === ninth!.id);
    expect(await linkOf(shop.admin, ninth!.id)).toBe(`reversal/${ninth!.id}`);
    expect(calls()).toHaveLength(9);
    await expectAgreement(world);
  });

  it('several sellers side by side: only the one whose reversal waits has a workflow of its own', async () => {
    const shop = await openShop(world, { prices: [PRICE_MINOR, PRICE_MINOR, PRICE_MINOR] });
    const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    const trouble = transfers[1]!;
    onReversalsOf(world, trouble.stripeTransferId!, STRIPE_IS_DOWN);
    const refundId = await openedRefund(world, shop.buyer, orderId);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    const reversals = await world.reversalsOf(refundId);
    const waiting = reversals.find(({ transferId }) => transferId === trouble.id)!;
    expect(waiting).toMatchObject({ status: 'pending', retryCount: 1 });
    for (const { id } of reversals.filter((row) => row !== waiting)) {
      expect((await reversalRow(world, id)).status).toBe('reversed');
      expect(await hasWorkflow(id)).toBe(false);
    }
    const details = await detailsOf(world, `refund/${refundId}`);
    expect(details).toContain('- **Reversals done here:** 2');
    expect(details).toContain(`Reversals with a workflow of their own:** \`reversal/${waiting.id}\``);

    // Its workflow takes up what the refund's had begun: the count, the reason, and the key.
    const workflowId = `reversal/${waiting.id}`;
    const state = await until(
      () => stateOf(world, workflowId),
      (seen) => seen.retryCount > 0,
    );
    expect(state).toMatchObject({ ended: false, retryCount: 1, idempotencyKey: waiting.idempotencyKey });
    const { searchAttributes } = await eventually(async () => {
      const shown = await world.temporal.workflow.getHandle(workflowId).describe();
      expect(shown.searchAttributes).toMatchObject({ VezaRetryCount: [1] });
      return shown;
    });
    expect(searchAttributes).toMatchObject({ VezaStatus: ['reversal_pending'] });
    world.stripe.control.clearFaults();
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(keysOf(reversalCalls(world, trouble.stripeTransferId!))).toEqual([
      `reversal:${waiting.id}:1`,
      `reversal:${waiting.id}:1`,
    ]);
    await expectAgreement(world);
  });

  it('a Stripe that is slow does not hold the refund back, and its late answer counts once', async () => {
    const { reversal, stripeTransferId, transfer, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'latency', delayMs: SLOW_MS }],
    });
    // The refund is over before Stripe has answered.
    expect(reversal).toMatchObject({ status: 'pending', retryCount: 1 });
    await until(
      () => Promise.resolve(world.stripe.control.reversals(stripeTransferId)),
      (made) => made.length === 1,
    );
    expect((await reversalRow(world, reversal.id)).status).toBe('pending');
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([
      `reversal:${reversal.id}:1`,
      `reversal:${reversal.id}:1`,
    ]);
    expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    await expectAgreement(world);
  });

  it('one that fails for good there has a workflow all the same: lists show it, and operators act on it', async () => {
    const { shop, reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
      troubles: [NOT_THERE],
    });
    expect((await reversalRow(world, reversal.id)).status).toBe('permanently_failed');
    const handle = world.temporal.workflow.getHandle(workflowId);
    expect(await handle.result()).toEqual({ status: 'permanently_failed' });
    expect((await handle.describe()).searchAttributes).toMatchObject({ VezaStatus: ['permanently_failed'] });
    expect(await detailsOf(world, workflowId)).toContain('No such transfer');
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
    const ask = (what: string, body: object) =>
      world.post(shop.admin, `/admin/reversals/${reversal.id}/${what}`, body);
    const writtenOff = await ask('resolve', { resolution: 'written_off', reason: 'Stripe does not know it' });
    expect(writtenOff.status, JSON.stringify(writtenOff.body)).toBe(200);
    await reversedBehindOurBack(world, stripeTransferId, reversal);
    const adopted = await ask('retry', { reason: 'Stripe has it' });
    expect(adopted.status, JSON.stringify(adopted.body)).toBe(202);
    expect(adopted.body['note']).toBe('Stripe has carried it out: the loss is taken back.');
    expect(await reversalRow(world, reversal.id)).toMatchObject({ status: 'reversed', retryCount: 0 });
    expect(await linkOf(shop.admin, reversal.id)).toBe(workflowId);

    const other = await refundedOrder(world, { troubles: [NOT_THERE] });
    const retried = await world.post(other.shop.admin, `/admin/reversals/${other.reversal.id}/retry`, {
      reason: 'Stripe knows it again',
    });
    expect(retried.status, JSON.stringify(retried.body)).toBe(202);
    const successor = (await world.reversalsOf(other.refundId)).find(({ retryOf }) => retryOf !== null)!;
    expect(await world.finished(`reversal/${successor.id}`)).toEqual({ status: 'reversed' });
    await expectAgreement(world);
  });

  /** A refund that is settled, whose worker waits for its turn at Stripe until the given work is done. */
  async function heldBeforeStripe(work: (refundId: string, reversalId: string) => Promise<void>) {
    const sold = await soldOrder(world);
    let refundId = '';
    await world.database.sql.begin(async (tx) => {
      await tx`INSERT INTO rate_limits (name, next_free_at) VALUES ('stripe', now())
               ON CONFLICT (name) DO UPDATE SET next_free_at = now()`;
      refundId = await openedRefund(world, sold.shop.buyer, sold.orderId);
      const [reversal] = await until(
        () => world.reversalsOf(refundId),
        (rows) => rows.length === 1,
      );
      await work(refundId, reversal!.id);
    });
    return { ...sold, refundId, reversal: await onlyReversal(world, refundId) };
  }

  it(
    'the worker dies between settlement and attempt: the next one starts its workflow',
    async () => {
      const { refundId, reversal, stripeTransferId } = await heldBeforeStripe(() =>
        world.killWorkerProcess(),
      );
      expect(reversal).toMatchObject({ status: 'pending', askedAt: null });
      await world.startWorkerProcess();
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
      expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
      expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([`reversal:${reversal.id}:1`]);
      await expectAgreement(world);
    },
    LONG_MS,
  );

  it(
    'the refund’s workflow is terminated there, and the worker dies: the sweep starts the reversal',
    async () => {
      const { shop, refundId, reversal, stripeTransferId } = await heldBeforeStripe(async (id) => {
        await world.temporal.workflow.getHandle(`refund/${id}`).terminate('by hand, in a test');
        await world.killWorkerProcess();
      });
      expect((await world.refund(refundId)).status).toBe('succeeded');
      await world.startWorkerProcess();
      expect(reversal).toMatchObject({ status: 'pending', askedAt: null });
      expect(await hasWorkflow(reversal.id)).toBe(false);
      await world.database
        .sql`UPDATE transfer_reversals SET created_at = created_at - interval '1 hour' WHERE id = ${reversal.id}`;
      const swept = await world.post(shop.admin, '/admin/reconcile', { phases: ['lost_work'] });
      expect(swept.status, JSON.stringify(swept.body)).toBe(200);
      expect(swept.body['report']).toMatchObject({ lost_work: { synced: 1, why: { restarted: 1 } } });
      expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
      expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([`reversal:${reversal.id}:1`]);
      await expectAgreement(world);
    },
    LONG_MS,
  );
});
