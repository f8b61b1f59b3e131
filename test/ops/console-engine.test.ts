import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporalAddress } from '../harness/services.ts';
import { makePerson } from '../harness/shop.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';
import { World } from '../harness/world.ts';
import { Operator } from './console-client.ts';

// What the console says where nothing at all can go on.

const PAGES = ['/ops', '/ops/stuck'] as const;

let proxy: TcpProxy;
let world: World;
beforeEach(async () => {
  const { hostname: host, port } = new URL(`http://${temporalAddress()}`);
  proxy = await startTcpProxy({ host, port: Number(port) });
  world = await World.create({ worker: false, env: { TEMPORAL_ADDRESS: proxy.address } });
});
afterEach(async () => {
  await world.close();
  await proxy.down();
});

it.each(PAGES)('%s is there without Temporal, and says that it does not answer', async (path) => {
  const operator = await Operator.signedIn(world, await makePerson(world, 'admin'));
  await proxy.down();
  const { status, html } = await operator.get(path);
  expect(status, html).toBe(200);
  expect(html).toContain('Temporal does not answer');
  await proxy.up();
});

it('names the task queues that no worker polls, until one does', async () => {
  const operator = await Operator.signedIn(world, await makePerson(world, 'admin'));
  const { core, stripe, billing, people } = taskQueuesOf(world.config);
  const seen = async (path: string) => (await operator.get(path)).html.replaceAll(/\s+/g, ' ');
  for (const path of PAGES) {
    expect(await seen(path)).toContain(
      `No worker polls <code>${core}</code>, <code>${stripe}</code>, <code>${billing}</code> and <code>${people}</code>`,
    );
  }
  await world.startWorker({ TRANSFER_RETRY_WORKER_ENABLED: 'false', REVERSAL_WORKER_ENABLED: 'false' });
  await expect
    .poll(() => seen('/ops'), { timeout: 60_000 })
    .toContain(`No worker polls <code>${stripe}</code>: nothing`);
  await world.stopWorker();
  await world.startWorker();
  await expect.poll(() => seen('/ops'), { timeout: 60_000 }).not.toContain('No worker polls');
});
