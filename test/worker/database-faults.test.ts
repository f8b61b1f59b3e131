import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { until } from '../harness/wait.ts';
import { listening, start } from '../harness/processes.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import type { Answer, Refusal } from '../harness/answers.ts';
import { World } from '../harness/world.ts';

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
async function insist<Body extends Pick<Refusal, 'code'>>(
  ask: () => Promise<Answer<Body>>,
): Promise<Answer<Body>> {
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer !== null && answer.status < 500) return answer;
    if (answer !== null) expect(answer.body['code']).toBe('engine_unavailable');
    await sleep(100);
  }
}

/** Once the PSP knows the payment. */
function isPaid(orderId: string): boolean {
  try {
    world.psp.control.pay(orderId);
    return true;
  } catch {
    return false;
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
  await until(async () => isPaid(orderId), Boolean);
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

const ROUNDS = 2;

/** One after the other, and again. */
async function breakThings(): Promise<void> {
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
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const fault of Object.values(faults)) {
      await fault();
      await sleep(400);
    }
  }
}

test('cut, silenced and killed under traffic: no process ends, every story does, and the books agree', async () => {
  const over = new AbortController();
  const refundIds: string[] = [];
  const buyers = Array.from({ length: BUYERS }, async () => {
    do refundIds.push(await story());
    while (!over.signal.aborted);
  });
  await breakThings();
  over.abort();
  await Promise.all(buyers);
  expect(refundIds.length).toBeGreaterThanOrEqual(BUYERS);

  for (const refundId of refundIds) {
    await world.finished(`refund/${refundId}`);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    expect((await world.refund(refundId)).status).toBe('succeeded');
  }
  const transfers = await world.database.sql<{ id: string }[]>`SELECT id FROM seller_transfers`;
  for (const { id } of transfers) await world.finished(`transfer/${id}`);
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

test('what PostgreSQL refuses is logged, and kept by Temporal, without a value of it', async () => {
  const { sql } = world.database;
  const { buyer, productIds } = shop;
  const secret = '_a_secret_of_the_buyer_';
  const orderId = await paidByInsisting();
  await until(
    () => world.order(orderId),
    (order) => order.status === 'completed',
  );
  await sql.unsafe(`ALTER TABLE asks ADD CONSTRAINT says_no CHECK (ask->>'reason' <> '${secret}')`);
  const refused = await world.post(buyer, `/marketplace/orders/${orderId}/refund`, { reason: secret });
  expect(refused.status).toBe(500);
  // The answer may be here before the line, which comes through a pipe.
  await until(
    async () => api.output.stdout,
    (lines) => lines.includes('says_no'),
  );

  await sql`ALTER TABLE seller_transfers ADD CONSTRAINT says_no_too CHECK (status <> 'completed') NOT VALID`;
  const stuckId = await paidByInsisting();
  const [transfer] = await until(
    () => world.transfersOf(stuckId),
    (transfers) => transfers.length > 0,
  );
  const failure = await until(
    async () => {
      const { raw } = await world.temporal.workflow.getHandle(`transfer/${transfer!.id}`).describe();
      return JSON.stringify(raw.pendingActivities ?? []);
    },
    (text) => text.includes('Failed query'),
  );
  expect(failure).toContain('says_no_too');
  const sent = world.stripe.control.transfers().map(({ id }) => id);
  expect(sent.length).toBeGreaterThan(0);
  for (const id of sent) expect(failure).not.toContain(id);
  await sql`ALTER TABLE seller_transfers DROP CONSTRAINT says_no_too`;
  await world.finished(`transfer/${transfer!.id}`);
  for (const { output } of [api, worker]) expect(output.stdout + output.stderr).not.toContain(secret);

  async function paidByInsisting(): Promise<string> {
    const key = { 'Idempotency-Key': randomUUID() };
    const items = productIds.map((productId) => ({ product_id: productId }));
    const placed = await insist(() => world.post(buyer, '/marketplace/orders', { items }, key));
    const id: string = placed.body['order']!['id']!;
    await until(async () => isPaid(id), Boolean);
    return id;
  }
});
