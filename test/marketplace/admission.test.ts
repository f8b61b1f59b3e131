import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../config.ts';
import { createLogger } from '../../log.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { refundsOf } from '../harness/read.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { paidOrder } from '../harness/stories.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

const AT_ONCE = 10;
const AT_A_TIME = 2;

interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly body: object;
}

/** A refusal because too much is asked for at once says when to come back, and that nothing was done. */
function expectBusy(answer: Called): void {
  expect(answer.body).toMatchObject({ code: 'engine_busy', may_still_be_carried_out: false });
  comesBackAfterS(answer);
}

/** On a machine that is slow, a call may also have had its turn, and no answer in time. */
function comesBackAfterS({ status, headers, body }: Called): number {
  expect([status, body]).toMatchObject([503, { code: expect.stringMatching(/^engine_(busy|unavailable)$/) }]);
  const afterS = Number(headers.get('retry-after'));
  expect(Number.isInteger(afterS)).toBe(true);
  expect(afterS).toBeGreaterThanOrEqual(1);
  expect(afterS).toBeLessThanOrEqual(60);
  return afterS;
}

const hasDoneNothing = ({ status, body }: Called) =>
  status === 503 && 'may_still_be_carried_out' in body && body.may_still_be_carried_out === false;

/** All at once, each under its key; who is refused comes back when told. The answers in the order in which they came. */
async function askUntilAccepted<Answer extends Called>(
  calls: readonly (() => Promise<Answer>)[],
  afterFirst: (refused: readonly number[]) => Promise<void>,
): Promise<{ accepted: Answer[]; inOrder: Answer[] }> {
  const inOrder: Answer[] = [];
  const first = await Promise.all(
    calls.map(async (call): Promise<Answer> => {
      const answer: Answer = await call();
      inOrder.push(answer);
      return answer;
    }),
  );
  await afterFirst(first.flatMap((answer, at) => (hasDoneNothing(answer) ? [at] : [])));
  const accepted: Answer[] = await Promise.all(
    first.map(async (answer, at) => {
      let latest: Answer = answer;
      while (latest.status === 503) {
        await sleep(comesBackAfterS(latest) * 1_000);
        latest = await calls[at]!();
      }
      return latest;
    }),
  );
  return { accepted, inOrder };
}

describe('more than ENGINE_CALLS_MAX at a time', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create({ env: { ENGINE_CALLS_MAX: String(AT_A_TIME), ENGINE_WAIT_MAX: '400ms' } });
    shop = await openShop(world);
  });
  afterAll(() => world.close());

  it('refunds over the limit are refused at once with Retry-After; accepted ones all end, none lost or doubled', async () => {
    const orderIds: string[] = [];
    while (orderIds.length < AT_ONCE) orderIds.push(await paidOrder(world, shop.buyer, shop.productIds));
    const calls = orderIds.map((orderId) => {
      const headers = { 'idempotency-key': uuidv7() };
      return () => world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {}, headers);
    });
    const { accepted, inOrder } = await askUntilAccepted(calls, async (refused) => {
      // At least those for whom there was neither room nor a place in the queue.
      expect(refused.length).toBeGreaterThanOrEqual(1);
      expect(refused.length).toBeLessThanOrEqual(AT_ONCE - AT_A_TIME);
      for (const at of refused) {
        expect(await refundsOf(world, orderIds[at]!)).toEqual([]);
        expect(await keptOf(orderIds[at]!)).toEqual([]);
      }
    });
    // Whoever is refused does not wait until others have been served.
    expectBusy(inOrder[0]!);
    expect(accepted.map(({ status }) => status)).toEqual(orderIds.map(() => 202));

    for (const [at, orderId] of orderIds.entries()) {
      const refundId = accepted[at]!.body.refund!.id;
      await world.finished(`refund/${refundId}`);
      for (const reversal of await world.reversalsOf(refundId))
        await world.finished(`reversal/${reversal.id}`);
      expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status: 'succeeded' }]);
      expect(world.psp.control.refunds(orderId)).toMatchObject([{ refund_id: refundId }]);
      // A repeat is answered as before, without a turn.
      expect(await calls[at]!()).toMatchObject({ status: 202, body: { refund: { id: refundId } } });
    }
    await expectCleanBooks(world);
  });

  it('purchases over the limit are refused at once with Retry-After, and each is placed once', async () => {
    const items = shop.productIds.map((productId) => ({ product_id: productId }));
    const before = await ordersOf(world, shop.buyer.id);
    const calls = Array.from({ length: AT_ONCE }, () => {
      const headers = { 'idempotency-key': uuidv7() };
      return () => world.post(shop.buyer, '/marketplace/orders', { items }, headers);
    });
    const { accepted, inOrder } = await askUntilAccepted(calls, async (refused) => {
      expect(refused.length).toBeGreaterThanOrEqual(1);
      await eventually(async () =>
        expect(await ordersOf(world, shop.buyer.id)).toBe(before + AT_ONCE - refused.length),
      );
    });
    expectBusy(inOrder[0]!);
    expect(accepted.map(({ status }) => status)).toEqual(calls.map(() => 201));
    expect(new Set(accepted.map(({ body }) => body.order!.id)).size).toBe(AT_ONCE);
    expect(await ordersOf(world, shop.buyer.id)).toBe(before + AT_ONCE);
  });

  /** Another API process of this world, which begins one call at a time, for as long as the test lasts. */
  async function beside(
    env: Readonly<Record<string, string>>,
    test: (api: RunningServer, lines: readonly string[]) => Promise<void>,
  ) {
    const lines: string[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(line) });
    const config = readConfig({ ...world.env, ENGINE_CALLS_MAX: '1', METRICS_PORT: '0', ...env });
    const home = world.apiUrl;
    const api = await startServer(config, { log });
    world.serveFrom(api.url);
    try {
      await test(api, lines);
    } finally {
      world.serveFrom(home);
      await api.close();
    }
  }
  /** For as long as the work takes, nobody keeps an ask, which all may read. */
  const whileNothingIsKept = (work: () => Promise<void>) =>
    world.database.sql.begin(async (tx) => {
      await tx`LOCK TABLE asks IN SHARE MODE`;
      await work();
    });
  const keptOf = (orderId: string) =>
    world.database.sql`SELECT id FROM asks WHERE ask->>'orderId' = ${orderId}`;
  /** So many calls are at work on an ask that they cannot keep. */
  const expectAtWork = (count: number) =>
    eventually(async () =>
      expect(
        await world.database.sql`SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
          WHERE datname = current_database() AND relation = 'asks'::regclass AND NOT granted`,
      ).toHaveLength(count),
    );
  const bought = () => paidOrder(world, shop.buyer, shop.productIds);
  const refund = (orderId: string, key: string, body: object = {}) =>
    world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, body, { 'idempotency-key': key });
  /** Asks under the same key until there is room. */
  async function refunded(orderId: string, key: string, body: object = {}) {
    const answer = await eventually(async () => {
      const latest = await refund(orderId, key, body);
      expect(latest.status).toBe(202);
      return latest;
    });
    const refundId = answer.body.refund!.id;
    await world.finished(`refund/${refundId}`);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    return refundId;
  }
  const expectMayStill = ({ status, body }: Called) =>
    expect([status, body]).toMatchObject([503, { may_still_be_carried_out: true }]);

  it('a repeat is told that it may still be carried out while the first call waits for a turn or is under way', async () => {
    const [busyId, waitingId] = [await bought(), await bought()];
    const [busyKey, waitingKey] = [uuidv7(), uuidv7()];
    const part = { amount: 1_000 };
    await beside({ ENGINE_WAIT_MAX: '20s' }, async (api) => {
      const calls: Promise<Called>[] = [];
      const repeats: Called[] = [];
      await whileNothingIsKept(async () => {
        calls.push(refund(busyId, busyKey));
        await expectAtWork(1);
        calls.push(refund(waitingId, waitingKey, part));
        // At 100 ms a call, fifty may wait for a quarter of the time.
        const crowd = Array.from({ length: 80 }, () => refund(busyId, uuidv7()));
        calls.push(...crowd);
        expect((await Promise.race(crowd)).status).toBe(503);
        repeats.push(await refund(busyId, busyKey), await refund(waitingId, waitingKey, part));
        for (const repeat of repeats) expectMayStill(repeat);
        expect(await keptOf(waitingId)).toEqual([]);
      });
      const answers = [...(await Promise.all(calls)), ...repeats];
      const refused = answers.filter(({ body }) => 'code' in body && body.code === 'engine_busy');
      const metrics = await (await fetch(api.metricsUrl!)).text();
      expect(metrics).toContain(`veza_refused_as_busy_total{call="refund"} ${refused.length}\n`);

      for (const [orderId, key, body] of [
        [busyId, busyKey, {}] as const,
        [waitingId, waitingKey, part] as const,
      ]) {
        const refundId = await refunded(orderId, key, body);
        expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status: 'succeeded' }]);
      }
    });
    await expectCleanBooks(world);
  });

  it('a call whose client left while it waited for a turn is never begun', async () => {
    const [busyId, leftId] = [await bought(), await bought()];
    const busyKey = uuidv7();
    await beside({ ENGINE_WAIT_MAX: '20s' }, async (api, lines) => {
      const path = `/api/v1/marketplace/orders/${leftId}/refund`;
      const calls: Promise<Called>[] = [];
      await whileNothingIsKept(async () => {
        calls.push(refund(busyId, busyKey));
        await expectAtWork(1);
        const client = request(new URL(path, world.apiUrl), {
          method: 'POST',
          headers: { authorization: `Bearer ${shop.buyer.token}`, 'content-type': 'application/json' },
        });
        client.on('error', () => undefined);
        client.end(JSON.stringify({ amount: 1_000 }));
        // Sooner, its body might not be read, and it would be refused as one that is not whole.
        await eventually(() => expect(api.waitingRefunds).toBe(1));
        client.destroy();
        // Sooner than the ten seconds after which nobody waits any longer.
        await eventually(() => {
          const told = lines.filter((line) => line.includes(path));
          expect(told).toEqual([expect.stringContaining('"status":503')]);
        }, 8_000);
      });
      expect(await Promise.all(calls)).toMatchObject([{ status: 202 }]);
      await refunded(busyId, busyKey);
      expect(await refundsOf(world, leftId)).toEqual([]);
      const refundId = await refunded(leftId, uuidv7(), { amount: 1_000 });
      expect(await refundsOf(world, leftId)).toMatchObject([{ id: refundId, amountMinor: 1_000 }]);
    });
    await expectCleanBooks(world);
  });

  it('a repeat is told that it may still be carried out where the database cannot say', async () => {
    const [busyId, otherId] = [await bought(), await bought()];
    const [busyKey, otherKey] = [uuidv7(), uuidv7()];
    await world.stopWorker();
    await beside({ ENGINE_WAIT_MAX: '100ms', DATABASE_STATEMENT_TIMEOUT: '1s' }, async () => {
      const { sql } = world.database;
      const busy = refund(busyId, busyKey);
      await eventually(async () => expect(await keptOf(busyId)).toHaveLength(1));
      // For the one that gets no turn, and for the one whose first look-up it is.
      for (const [table, call] of [
        ['asks', () => refund(otherId, otherKey)],
        ['idempotency_keys', () => refund(busyId, busyKey)],
      ] as const) {
        await sql.begin(async (tx) => {
          await tx`LOCK TABLE ${tx(table)} IN ACCESS EXCLUSIVE MODE`;
          expectMayStill(await call());
        });
      }
      await world.startWorker();
      await busy;
      await refunded(busyId, busyKey);
      await refunded(otherId, otherKey);
    });
    await expectCleanBooks(world);
  });
});

const ordersOf = async ({ database: { sql } }: World, buyerId: string) =>
  (await sql`SELECT id FROM orders WHERE buyer_id = ${buyerId}`).length;
