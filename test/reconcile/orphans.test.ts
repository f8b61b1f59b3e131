import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ReconcileDeps } from '../../activities/reconcile/deps.ts';
import { lookAt } from '../../activities/reconcile/sweep.ts';
import { readPlatformSetting, writePlatformSetting } from '../../db/kernel/platform-setting.ts';
import { createSweepInbox } from '../../inbox/redrive.ts';
import { createLogger } from '../../log.ts';
import { createHyperswitch } from '../../providers/hyperswitch/client.ts';
import { settingsOf } from '../../activities/deps.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags, pictureOf, workflowStatus } from '../harness/read.ts';
import { attempted } from '../harness/wait.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import {
  age,
  ageMiss,
  ASKED_ONCE,
  counts,
  createWorld,
  landedAtThePsp,
  NONE,
  one,
  orphanRefund,
  retire,
  sweep,
  terminate,
} from './support.ts';
import { createPurchases } from '../../db/purchases.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld(ASKED_ONCE);
  world.psp.control.setRefundMode('manual');
});
afterEach(() => retire(world));
afterAll(() => world.close());

/** An orphan that nothing asks for. */
async function abandonedRefund() {
  const orphan = await orphanRefund(world);
  await terminate(world, `refund/${orphan.refundId}`);
  orphan.heal();
  return orphan;
}

const TERMS = { phase: 'orphan_refunds', engineRebuilt: false, orphanGapMs: 600_000 } as const;

/** What a sweep has, as a worker hands it to one. */
function depsOf(parts: Partial<ReconcileDeps> = {}): ReconcileDeps {
  const { config, database, engine } = world;
  const log = parts.log ?? createLogger('silent');
  const own = { db: database.db, engine: parts.engine ? { ...engine, ...parts.engine } : engine, log };
  return {
    ...own,
    psp: createHyperswitch({ baseUrl: config.HYPERSWITCH_BASE_URL, apiKey: config.HYPERSWITCH_API_KEY }),
    inbox: createSweepInbox(own),
    purchases: createPurchases(config),
    settings: settingsOf(config),
    ...parts,
  };
}

it('orphan failed and order restored, at the second look that is far enough from the first', async () => {
  const { shop, orderId, refundId } = await abandonedRefund();
  expect(counts(await sweep(world, shop, 'orphan_refunds'), 'orphan_refunds')).toEqual(
    one('left', 'missed_once'),
  );
  expect(counts(await sweep(world, shop, 'orphan_refunds'), 'orphan_refunds')).toEqual(
    one('left', 'missed_again_too_soon'),
  );
  expect((await world.refund(refundId)).status).toBe('pending');
  expect((await world.order(orderId)).status).toBe('refund_pending');

  await ageMiss(world, refundId);
  const swept = await sweep(world, shop);
  expect(counts(swept, 'orphan_refunds')).toEqual(one('failed', 'orphan'));
  // An orphan is not lost work: it is not started again behind the look's back.
  expect(counts(swept, 'lost_work')).toEqual(NONE);
  expect(await world.refund(refundId)).toMatchObject({
    status: 'failed',
    errorMessage: expect.stringContaining('never received'),
  });
  expect((await world.order(orderId)).status).toBe('completed');
  expect(world.psp.control.refunds(orderId)).toEqual([]);
  expect(await openFlags(world, 'orphan_failed', `refund/${refundId}`)).toHaveLength(1);
  const listed = await world.get(shop.admin, '/admin/flags');
  expect(listed.body['data']).toContainEqual(
    expect.objectContaining({ kind: 'orphan_failed', subject: `refund/${refundId}` }),
  );
  await expectCleanBooks(world);

  // The buyer can ask again.
  world.psp.control.setRefundMode('auto');
  const again = await openedRefund(world, shop.buyer, orderId);
  expect(await world.finished(`refund/${again}`)).toEqual({ status: 'succeeded' });
  world.psp.control.setRefundMode('manual');
  await expectCleanBooks(world);
});

it('orphan failed: logged as an ERROR, every other look as one line with what it met', async () => {
  const { refundId } = await abandonedRefund();
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) });
  const deps = depsOf({ log: createLogger('info', sink) });
  await lookAt(deps, refundId, TERMS);
  await ageMiss(world, refundId);
  await lookAt(deps, refundId, TERMS);
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const common = { phase: 'orphan_refunds', row: refundId, providerStatus: 'not_found' };
  expect(logged).toMatchObject([
    { level: 'info', ...common, what: 'left', why: 'missed_once' },
    { level: 'error', ...common, what: 'failed', why: 'orphan' },
  ]);
  expect(logged.every((line) => Number(line['stuckForMs']) >= 3_600_000)).toBe(true);
});

it('a PSP whose reads are behind for longer than an activity lives: the second look waits for that', async () => {
  const { orderId, refundId } = await abandonedRefund();
  const deps = depsOf({ settings: { ...settingsOf(world.config), pspReadLagMs: 20 * 60_000 } });
  await lookAt(deps, refundId, TERMS);
  await ageMiss(world, refundId);
  expect(await lookAt(deps, refundId, TERMS)).toEqual({ what: 'left', why: 'missed_again_too_soon' });
  expect((await world.refund(refundId)).status).toBe('pending');
  await ageMiss(world, refundId);
  expect(await lookAt(deps, refundId, TERMS)).toEqual({ what: 'failed', why: 'orphan' });
  expect((await world.order(orderId)).status).toBe('completed');
});

it('recent orphan untouched', async () => {
  const { shop, orderId, refundId } = await orphanRefund(world);
  await terminate(world, `refund/${refundId}`);
  await retire(world);
  await age(world, 'refunds', refundId, '4 minutes');
  const before = await pictureOf(world, orderId);
  const swept = await sweep(world, shop);
  expect(counts(swept, 'orphan_refunds')).toEqual(NONE);
  expect(await pictureOf(world, orderId)).toEqual(before);
});

it('orphan whose workflow is alive is left', async () => {
  const { shop, refundId } = await orphanRefund(world);
  for (let tick = 0; tick < 2; tick += 1) {
    const swept = await sweep(world, shop, 'orphan_refunds');
    expect(counts(swept, 'orphan_refunds')).toEqual(one('left', 'workflow_running'));
    await ageMiss(world, refundId);
  }
  expect(await world.refund(refundId)).toMatchObject({ status: 'pending', orphanMissedAt: null });
});

it('what was missed before something asked again says nothing any more', async () => {
  const { shop, orderId, refundId } = await abandonedRefund();
  await sweep(world, shop, 'orphan_refunds');
  await ageMiss(world, refundId);
  world.psp.control.addFault({ kind: 'dropBefore', match: 'refunds.create', times: 'always' });
  await world.engine.startRefund(refundId, {
    purchase: { kind: 'order', id: orderId },
    amountMinor: 1,
    currency: 'USD',
  });
  await sweep(world, shop, 'orphan_refunds');
  await terminate(world, `refund/${refundId}`);
  const swept = await sweep(world, shop, 'orphan_refunds');
  expect(counts(swept, 'orphan_refunds')).toEqual(one('left', 'missed_once'));
});

it('orphan that the PSP knows is adopted', async () => {
  const { shop, orderId, refundId } = await abandonedRefund();
  await landedAtThePsp(world, await world.refund(refundId));
  const swept = await sweep(world, shop);
  expect(counts(swept, 'orphan_refunds')).toEqual(one('synced', 'adopted'));
  // It is a refund like any other now, whose workflow is lost.
  expect(counts(swept, 'lost_work')).toEqual(one('synced', 'restarted'));
  expect(await world.refund(refundId)).toMatchObject({ status: 'pending', hyperswitchRefundId: refundId });
  world.psp.control.settleRefund(refundId, 'succeeded');
  expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  expect((await world.order(orderId)).status).toBe('refunded');
  expect(world.psp.control.refunds(orderId)).toHaveLength(1);
  await expectCleanBooks(world);
});

it('orphan that the PSP said it has (HE_01) is not failed, however often it is not found: it is asked for again', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.addFault({
    kind: 'readLag',
    match: /refunds\.(retrieve|list)/,
    lagMs: 86_400_000,
    times: 'always',
  });
  world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'HE_01' });
  const refundId = await openedRefund(world, shop.buyer, orderId);
  await attempted(world, `refund/${refundId}`, 2);
  await landedAtThePsp(world, await world.refund(refundId));
  await age(world, 'refunds', refundId);
  for (let tick = 0; tick < 2; tick += 1) {
    await terminate(world, `refund/${refundId}`);
    const swept = await sweep(world, shop, 'orphan_refunds');
    expect(counts(swept, 'orphan_refunds')).toEqual(one('synced', 'restarted'));
    await attempted(world, `refund/${refundId}`, 2);
  }
  expect((await world.refund(refundId)).status).toBe('pending');
  world.psp.control.clearFaults();
  await terminate(world, `refund/${refundId}`);
  expect(counts(await sweep(world, shop, 'orphan_refunds'), 'orphan_refunds')).toEqual(
    one('synced', 'adopted'),
  );
  expect(world.psp.control.refunds(orderId)).toHaveLength(1);
});

it('orphan that the PSP has settled is adopted and treated as a stuck refund', async () => {
  const { shop, orderId, refundId } = await abandonedRefund();
  await landedAtThePsp(world, await world.refund(refundId));
  world.psp.control.settleRefund(refundId, 'failed', 'the card is closed', { webhook: false });
  const swept = await sweep(world, shop, 'orphan_refunds');
  expect(counts(swept, 'orphan_refunds')).toEqual(one('synced', 'adopted_and_told'));
  await world.finished(`refund/${refundId}`);
  expect(await world.refund(refundId)).toMatchObject({
    status: 'failed',
    errorMessage: 'the card is closed',
  });
  expect((await world.order(orderId)).status).toBe('completed');
});

it('PSP away: an orphan is left', async () => {
  const { shop, refundId } = await abandonedRefund();
  await sweep(world, shop, 'orphan_refunds');
  await ageMiss(world, refundId);
  world.psp.control.addFault({ kind: 'dropBefore', match: 'refunds.retrieve', times: 'always' });
  const swept = await sweep(world, shop, 'orphan_refunds');
  expect(counts(swept, 'orphan_refunds')).toEqual(one('left', 'psp_unreadable'));
  expect((await world.refund(refundId)).status).toBe('pending');
});

it('two sweeps at once fail an orphan once', async () => {
  const { orderId, refundId } = await abandonedRefund();
  await lookAt(depsOf(), refundId, TERMS);
  await ageMiss(world, refundId);
  const looks = await Promise.all([1, 2, 3].map(() => lookAt(depsOf(), refundId, TERMS)));
  expect(looks.filter((look) => look.what === 'failed')).toHaveLength(1);
  expect((await world.order(orderId)).status).toBe('completed');
  expect(await openFlags(world, 'orphan_failed', `refund/${refundId}`)).toHaveLength(1);
});

it('engine rebuilt: all open work is restarted and nothing is failed', async () => {
  const { shop, orderId, refundId } = await abandonedRefund();
  await sweep(world, shop, 'orphan_refunds');
  await ageMiss(world, refundId);
  const { db } = world.database;
  const namespaceId = await world.engine.namespaceId();
  await writePlatformSetting(db, 'temporal_namespace_id', 'the namespace of a Temporal that is gone');

  // Whichever phase is asked for.
  const swept = await sweep(world, shop, 'orphan_refunds');
  expect(swept.engine_rebuilt).toBe(true);
  expect(counts(swept, 'orphan_refunds')).toEqual(one('left', 'engine_rebuilt'));
  expect(swept.report.lost_work).toMatchObject({ failed: 0, why: { restarted: expect.any(Number) } });
  expect(await workflowStatus(world, `refund/${refundId}`)).toBe('RUNNING');
  expect(await readPlatformSetting(db, 'temporal_namespace_id')).toBe(namespaceId);

  await expect.poll(() => world.psp.control.refunds(orderId)).toHaveLength(1);
  world.psp.control.settleRefund(refundId, 'succeeded');
  expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  expect((await sweep(world, shop)).engine_rebuilt).toBe(false);
  await expectCleanBooks(world);
});
