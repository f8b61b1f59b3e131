import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPlatformSetting } from '../../db/kernel/platform-setting.ts';
import { RECONCILE_SCHEDULE_ID } from '../../domain/reconcile/ids.ts';
import { connectNow } from '../../engine/connect.ts';
import { keepNamespaceId } from '../../ops/known-namespace.ts';
import { ensureSweepSchedule } from '../../ops/schedules.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';
import { temporalAddress, uniqueName } from '../harness/services.ts';
import { openShop } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { sweep } from './support.ts';

// A namespace of its own: there is one schedule in each.

const namespace = uniqueName('sweeps');
const HOUR_MS = 3_600_000;

let connection: Connection;
let world: World;
beforeAll(async () => {
  connection = await connectNow({ TEMPORAL_ADDRESS: temporalAddress() });
  await setUpTemporal(connection, namespace);
  world = await World.create({ env: { TEMPORAL_NAMESPACE: namespace } });
});
afterAll(async () => {
  await world.close();
  await connection.close();
});

const ensure = (everyMs: number, off: string | null = null) =>
  ensureSweepSchedule(world.temporal, { taskQueue: world.config.TEMPORAL_TASK_QUEUE, everyMs, off });
const schedule = () => world.temporal.schedule.getHandle(RECONCILE_SCHEDULE_ID);

it('temporal:setup makes the schedule, and brings the one that is there up to date', async () => {
  expect(await ensure(HOUR_MS)).toBe('made');
  await schedule().pause('by an operator');
  expect(await ensure(2 * HOUR_MS)).toBe('updated');
  const { spec, policies, action, state } = await schedule().describe();
  expect(spec.intervals).toMatchObject([{ every: 2 * HOUR_MS }]);
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: HOUR_MS });
  expect(action).toMatchObject({
    workflowType: 'reconcile',
    taskQueue: world.config.TEMPORAL_TASK_QUEUE,
    workflowExecutionTimeout: 2 * HOUR_MS,
  });
  // What an operator paused stays paused.
  expect(state.paused).toBe(true);
  await schedule().unpause();
});

it('the schedule runs a sweep, and the age of the last one is known', async () => {
  const { db } = world.database;
  await keepNamespaceId(db, connection, namespace);
  expect(await readPlatformSetting(db, 'last_sweep_at')).toBeNull();
  await schedule().trigger();
  const started = await expect
    .poll(async () => (await schedule().describe()).info.recentActions.length, { timeout: 60_000 })
    .toBe(1)
    .then(async () => (await schedule().describe()).info.recentActions[0]!.action);
  const { workflowId } = started.workflow;
  expect(workflowId).toMatch(/^reconcile-/);
  expect(await world.finished(workflowId)).toMatchObject({ off: null, engineRebuilt: false });
  const at = await readPlatformSetting(db, 'last_sweep_at');
  expect(Date.now() - Date.parse(at!)).toBeLessThan(60_000);
});

it('temporal:setup on a Temporal that was rebuilt leaves it to the sweep to know it', async () => {
  const { db } = world.database;
  const other = uniqueName('rebuilt');
  await setUpTemporal(connection, other);
  expect(await keepNamespaceId(db, connection, other)).toBe('rebuilt');
  expect(await readPlatformSetting(db, 'temporal_namespace_id')).toBe(await world.engine.namespaceId());
});

it('off where this worker does not sweep, and says so', async () => {
  const shop = await openShop(world);
  await world.stopWorker();
  await world.startWorker({ RECONCILE_WORKER_ENABLED: 'false' });
  const before = await readPlatformSetting(world.database.db, 'last_sweep_at');
  const swept = await sweep(world, shop);
  expect(swept.off).toBe('RECONCILE_WORKER_ENABLED is false');
  expect(await readPlatformSetting(world.database.db, 'last_sweep_at')).toBe(before);
});

it('made paused, and saying so, where no PSP key is configured', async () => {
  await schedule().delete();
  await ensure(HOUR_MS, 'no PSP key is configured (HYPERSWITCH_API_KEY)');
  const { state } = await schedule().describe();
  expect(state).toMatchObject({
    paused: true,
    note: 'off: no PSP key is configured (HYPERSWITCH_API_KEY)',
  });
});
