import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReconcileDeps } from '../../activities/reconcile/deps.ts';
import { lookAt } from '../../activities/reconcile/sweep.ts';
import type { Phase } from '../../domain/reconcile/reconcile.ts';
import { connectLazily, createClient } from '../../engine/connect.ts';
import { createEngine } from '../../engine/index.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';
import { createSweepInbox } from '../../inbox/redrive.ts';
import { createLogger } from '../../log.ts';
import { createHyperswitch } from '../../providers/hyperswitch/client.ts';
import { settingsOf } from '../../activities/deps.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { temporalAddress } from '../harness/services.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import type { World } from '../harness/world.ts';
import { ageMiss, ASKED_ONCE, createWorld, orphanRefund, stuckRefund, terminate } from './support.ts';
import { createPurchases } from '../../db/purchases.ts';

// A sweep that runs cannot be cut off from the engine that runs it and still say what it met: its looks are made here,
// with an engine behind a wire that is cut.

let wire: TcpProxy;
let connection: Connection;
let world: World;
let deps: ReconcileDeps;
beforeAll(async () => {
  const [host, port] = temporalAddress().split(':');
  wire = await startTcpProxy({ host: host!, port: Number(port) });
  world = await createWorld(ASKED_ONCE);
  world.psp.control.setRefundMode('manual');
  const { config, database } = world;
  connection = connectLazily({ TEMPORAL_ADDRESS: wire.address });
  const engine = createEngine(createClient(connection, config), taskQueuesOf(config));
  const own = { db: database.db, engine, log: createLogger('silent') };
  deps = {
    ...own,
    psp: createHyperswitch({ baseUrl: config.HYPERSWITCH_BASE_URL, apiKey: config.HYPERSWITCH_API_KEY }),
    inbox: createSweepInbox(own),
    purchases: createPurchases(config),
    settings: settingsOf(config),
  };
});
afterAll(async () => {
  await connection.close();
  await world.close();
  await wire.down();
});

const look = (phase: Phase, ref: string) =>
  lookAt(deps, ref, { phase, engineRebuilt: false, orphanGapMs: 600_000 });

it('engine away: left', async () => {
  const orphan = await orphanRefund(world);
  await terminate(world, `refund/${orphan.refundId}`);
  orphan.heal();
  const stuck = await stuckRefund(world);
  world.psp.control.settleRefund(stuck.refundId, 'succeeded', undefined, { webhook: false });
  expect(await look('orphan_refunds', orphan.refundId)).toEqual({ what: 'left', why: 'missed_once' });
  await ageMiss(world, orphan.refundId);

  await wire.down();
  const away = { what: 'left', why: 'engine_unavailable' };
  expect(await look('orphan_refunds', orphan.refundId)).toEqual(away);
  expect(await look('stuck_refunds', stuck.refundId)).toEqual(away);
  expect(await look('lost_work', `refund/${stuck.refundId}`)).toEqual(away);
  expect((await world.refund(orphan.refundId)).status).toBe('pending');
  expect((await world.refund(stuck.refundId)).status).toBe('pending');

  await wire.up();
  await expect
    .poll(() => look('stuck_refunds', stuck.refundId), { timeout: 60_000 })
    .toEqual({ what: 'synced', why: 'told' });
  expect(await world.finished(`refund/${stuck.refundId}`)).toEqual({ status: 'succeeded' });
  expect(await look('orphan_refunds', orphan.refundId)).toEqual({ what: 'failed', why: 'orphan' });
  await expectCleanBooks(world);
});
