import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { until } from '../harness/look.ts';
import { listening, start } from '../harness/processes.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { type Answer, World } from '../harness/world.ts';

/** Processes start from sources, and each of the silences lasts until it is noticed. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const BUYERS = 6;
/** Short, so that a connection that fell silent is given up soon. */
const STATEMENT_TIMEOUT = '1s';

let world: World;
let proxy: TcpProxy;
let shop: Shop;
let api: ReturnType<typeof start>;
let worker: ReturnType<typeof start>;
beforeAll(async () => {
  world = await World.create({ worker: false });
  shop = await openShop(world, { prices: [PRICE_MINOR, PRICE_MINOR] });
  const database = new URL(world.config.DATABASE_URL);
  proxy = await startTcpProxy({ host: database.hostname, port: Number(database.port) });
  database.host = proxy.address;
  const env = {
    ...world.env,
    DATABASE_URL: database.href,
    DATABASE_STATEMENT_TIMEOUT: STATEMENT_TIMEOUT,
    LOG_LEVEL: 'info',
    WORKFLOW_BUNDLE_PATH: inject('workflowBundlePaths').plain,
  };
  api = start('server.ts', [], env);
  worker = start('test/harness/worker-process.ts', [], env);
  await once(worker.child, 'message');
  world.serveFrom(await listening(api));
});
afterAll(async () => {
  for (const { child, ended } of [api, worker]) {
    child.kill('SIGKILL');
    await ended;
  }
  await proxy.down();
  await world.close();
});

/** Asks until there is an answer that is none of a database that is away. */
async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer !== null && answer.status < 500) return answer;
    if (answer !== null) expect(answer.body['code']).toBe('engine_unavailable');
    await sleep(100);
  }
}

/** A sale and its refund, as often asked for as it takes. */
async function story(): Promise<string> {
  const { buyer, productIds } = shop;
  const key = { 'Idempotency-Key': randomUUID() };
  const items = productIds.map((productId) => ({ product_id: productId }));
  const placed = await insist(() => world.post(buyer, '/marketplace/orders', { items }, key));
  // 202: the PSP's answer was not waited for.
  expect([201, 202], JSON.stringify(placed.body)).toContain(placed.status);
  const orderId: string = placed.body['order']!['id']!;
  await until(
    () => world.order(orderId),
    (order) => order.paymentId !== null,
  );
  world.psp.control.pay(orderId);
  for (;;) {
    const seen = await insist(() => world.get(buyer, `/marketplace/orders/${orderId}`));
    if (seen.body['order']!['status'] === 'completed') break;
    await sleep(100);
  }
  const asked = { 'Idempotency-Key': randomUUID() };
  const refunded = await insist(() => world.post(buyer, `/marketplace/orders/${orderId}/refund`, {}, asked));
  expect(refunded.status, JSON.stringify(refunded.body)).toBe(202);
  return refunded.body['refund']!['id']!;
}

const terminate = (which: 'those that wait for a lock' | 'all of them') => world.database.sql`
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'veza' AND pid <> pg_backend_pid()
    AND (${which} = 'all of them' OR wait_event_type = 'Lock')`;

/** One after the other, and again, until it is told to stop. */
async function breakThings(signal: AbortSignal): Promise<Set<string>> {
  const done = new Set<string>();
  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    cut: async () => proxy.cut(),
    'kill those that wait': () => terminate('those that wait for a lock'),
    'kill all': () => terminate('all of them'),
    'lose the answer to a COMMIT': () => Promise.race([proxy.loseAnswerTo('commit'), sleep(2_000)]),
    silence: async () => {
      proxy.silence();
      await sleep(1_000);
      proxy.speak();
    },
    'hang up': async () => {
      proxy.hangUp();
      proxy.cut();
      await sleep(1_000);
      proxy.speak();
    },
    refuse: async () => {
      await proxy.down();
      await sleep(500);
      await proxy.up();
    },
  };
  while (!signal.aborted) {
    for (const [name, fault] of Object.entries(faults)) {
      await fault();
      done.add(name);
      await sleep(400);
    }
  }
  return done;
}

test('cut, silenced and killed under traffic: no process ends, every story does, and the books agree', async () => {
  const over = new AbortController();
  const broken = breakThings(over.signal);
  const refundIds = await Promise.all(
    Array.from({ length: BUYERS }, async () => [await story(), await story(), await story()]),
  );
  over.abort();
  expect((await broken).size).toBe(7);

  for (const refundId of refundIds.flat()) {
    await world.finished(`refund/${refundId}`);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    expect((await world.refund(refundId)).status).toBe('succeeded');
  }
  const unsent = () => world.database.sql<{ id: string }[]>`
    SELECT id FROM seller_transfers WHERE status IN ('pending', 'failed', 'processing')`;
  await until(unsent, (rows) => rows.length === 0);
  await expectAgreement(world);
  for (const { child, output } of [api, worker]) {
    expect(child.exitCode ?? child.signalCode, output.stderr).toBeNull();
  }
});

test('silent for longer than a deadline: 503 in time, and served again by the same process', async () => {
  const ask = () => world.get(shop.buyer, '/marketplace/orders');
  expect((await insist(ask)).status).toBe(200);
  proxy.silence();
  const during = await Promise.all(Array.from({ length: 30 }, ask));
  expect(new Set(during.map(({ status }) => status))).toEqual(new Set([503]));
  expect((await fetch(`${world.apiUrl}/ready`)).status).toBe(503);
  proxy.speak();
  expect((await insist(ask)).status).toBe(200);
  expect((await fetch(`${world.apiUrl}/ready`)).status).toBe(200);
  expect(api.child.exitCode).toBeNull();
});
