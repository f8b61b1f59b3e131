import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../config.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { pictureOf, refundsOf } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { adopted, delivered, eventually } from '../harness/wait.ts';
import { completedOrder, openedRefund, settledRefund } from '../harness/stories.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import { type Person, World } from '../harness/world.ts';

/** 503, when to come back, and whether the request may still be carried out. */
function expectUnavailable(answer: Answer, mayStill: boolean) {
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.body).toMatchObject({ code: 'engine_unavailable', may_still_be_carried_out: mayStill });
  expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|ECONN|select|insert/i);
}

/** A call to another API process of the same world. */
async function callAt<const Path extends string>(
  api: RunningServer,
  person: Person,
  path: Path,
  body: unknown,
  key: string,
) {
  const response = await fetch(`${api.url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${person.token}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as BodyOf<'POST', Path>,
  };
}

describe('no worker', () => {
  let world: World;
  let people: Catalog;
  let orderId: string;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
    ({ orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]));
  });
  afterAll(() => world.close());

  it('503 with Retry-After, and the same Idempotency-Key gives the true answer later', async () => {
    await world.stopWorker();
    const before = await pictureOf(world, orderId);
    const refundKey = { 'idempotency-key': uuidv7() };
    const orderKey = { 'idempotency-key': uuidv7() };
    const refund = () => world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {}, refundKey);
    const order = () =>
      world.post(
        people.buyer,
        '/marketplace/orders',
        { items: [{ product_id: people.products[0]!.id }] },
        orderKey,
      );
    const [refunding, ordering] = await Promise.all([refund(), order()]);
    expectUnavailable(refunding, true);
    expectUnavailable(ordering, true);
    expect(await pictureOf(world, orderId)).toEqual(before);

    await world.startWorker();
    // The true answer is that both were carried out, once, whoever asks again and how often.
    const answer = await refund();
    expect(answer.status).toBe(202);
    const refundId: string = answer.body['refund']!['id']!;
    expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId }]);
    expect((await refund()).body).toEqual(answer.body);
    await world.finished(`refund/${refundId}`);
    expect((await refund()).body).toEqual(answer.body);
    // 202 for as long as the PSP has not answered.
    await eventually(async () => expect((await order()).status).toBe(201));
    const listed = await world.get(people.buyer, '/marketplace/orders');
    expect(listed.body['data']).toHaveLength(2);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    await expectCleanBooks(world);
  });

  it('with no turn left: engine_unavailable, never engine_busy, and what an earlier call left is told', async () => {
    const buy = async () => (await completedOrder(world, people.buyer, [people.products[0]!.id])).orderId;
    const orderIds = [await buy(), await buy(), await buy()] as const;
    await world.stopWorker();
    const api = await startServer(readConfig({ ...world.env, ENGINE_CALLS_MAX: '1' }));
    const keys = orderIds.map(() => uuidv7());
    const ask = (at: 0 | 1 | 2) =>
      callAt(api, people.buyer, `/marketplace/orders/${orderIds[at]}/refund`, {}, keys[at]!);
    const keptOf = (at: 0 | 1 | 2) =>
      world.database.sql`SELECT id FROM asks WHERE ask->>'orderId' = ${orderIds[at]}`;
    try {
      expectUnavailable(await ask(0), true);
      const second = ask(1);
      await eventually(async () => expect(await keptOf(1)).toHaveLength(1));
      // The only turn is taken. The first call may still be carried out; the third one is not even kept.
      expectUnavailable(await ask(0), true);
      expectUnavailable(await ask(2), false);
      expect(await keptOf(2)).toEqual([]);
      expectUnavailable(await second, true);

      await world.startWorker();
      for (const at of [0, 1, 2] as const) {
        const answer = await ask(at);
        expect(answer.status).toBe(202);
        const refundId: string = answer.body['refund']!['id']!;
        expect(await refundsOf(world, orderIds[at])).toMatchObject([{ id: refundId }]);
        await world.finished(`refund/${refundId}`);
        for (const reversal of await world.reversalsOf(refundId))
          await world.finished(`reversal/${reversal.id}`);
      }
    } finally {
      await api.close();
    }
    await expectCleanBooks(world);
  });
});

describe('Temporal down', () => {
  let world: World;
  let people: Catalog;
  let wire: TcpProxy;
  let api: RunningServer;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
    const [host, port] = world.config.TEMPORAL_ADDRESS.split(':');
    wire = await startTcpProxy({ host: host!, port: Number(port) });
    api = await startServer(readConfig({ ...world.env, TEMPORAL_ADDRESS: wire.address }));
  });
  beforeEach(() => wire.up());
  afterEach(() => expectCleanBooks(world));
  afterAll(async () => {
    await wire.up();
    await api.close();
    await wire.down();
    await world.close();
  });

  it('503, nothing half-done, and the same key goes through when it is back', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    const before = await pictureOf(world, orderId);
    const key = uuidv7();
    const path = `/marketplace/orders/${orderId}/refund` as const;
    await wire.down();
    const items = { items: [{ product_id: people.products[0]!.id }] };
    const answers = await Promise.all([
      callAt(api, people.buyer, path, {}, key),
      callAt(api, people.buyer, '/marketplace/orders', items, key),
    ]);
    for (const answer of answers) expectUnavailable(answer, true);
    expect(await pictureOf(world, orderId)).toEqual(before);
    // What the database alone can refuse is refused without the engine.
    const refused = await callAt(api, people.stranger, path, {}, key);
    expect(refused.body['code']).toBe('order_not_found');
    await wire.up();
    const answer = await eventually(async () => {
      const again = await callAt(api, people.buyer, path, {}, key);
      expect(again.status).toBe(202);
      return again;
    });
    const refundId: string = answer.body['refund']!['id']!;
    await world.finished(`refund/${refundId}`);
    expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status: 'succeeded' }]);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
  });
});

describe('database down', () => {
  let world: World;
  let people: Catalog;
  let apiWire: TcpProxy;
  let workerWire: TcpProxy;
  let api: RunningServer;
  beforeAll(async () => {
    world = await World.create({ worker: false });
    people = await openCatalog(world);
    const url = new URL(world.config.DATABASE_URL);
    const target = { host: url.hostname, port: Number(url.port) };
    [apiWire, workerWire] = await Promise.all([startTcpProxy(target), startTcpProxy(target)]);
    const through = (wire: TcpProxy) => {
      const proxied = new URL(url);
      proxied.host = wire.address;
      return { DATABASE_URL: proxied.href };
    };
    api = await startServer(readConfig({ ...world.env, ...through(apiWire) }));
    await world.startWorker(through(workerWire));
  });
  beforeEach(() => Promise.all([apiWire.up(), workerWire.up()]));
  afterEach(() => expectCleanBooks(world));
  afterAll(async () => {
    await Promise.all([apiWire.up(), workerWire.up()]);
    await api.close();
    await world.close();
    await Promise.all([apiWire.down(), workerWire.down()]);
  });

  const bought = async () => (await completedOrder(world, people.buyer, [people.products[0]!.id])).orderId;
  const reversed = async (refundId: string) => {
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
  };

  it('before anything: 503, nothing started, nothing written', async () => {
    const orderId = await bought();
    const before = await pictureOf(world, orderId);
    const count = async () => (await world.database.db.select({ id: orders.id }).from(orders)).length;
    const orderCount = await count();
    await apiWire.down();
    const path = `/marketplace/orders/${orderId}/refund` as const;
    // Whether they repeat a call, nobody can look up.
    expectUnavailable(await callAt(api, people.buyer, path, {}, uuidv7()), true);
    const items = { items: [{ product_id: people.products[0]!.id }] };
    expectUnavailable(await callAt(api, people.buyer, '/marketplace/orders', items, uuidv7()), true);
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await count()).toBe(orderCount);
  });

  it('in phase 1: 503 that says it may still be carried out, and it is, once', async () => {
    const orderId = await bought();
    const before = await pictureOf(world, orderId);
    const key = uuidv7();
    const path = `/marketplace/orders/${orderId}/refund` as const;
    await workerWire.down();
    expectUnavailable(await callAt(api, people.buyer, path, {}, key), true);
    expect(await pictureOf(world, orderId)).toEqual(before);
    await workerWire.up();
    const [refund] = await eventually(async () => {
      const rows = await refundsOf(world, orderId);
      expect(rows).toHaveLength(1);
      return rows;
    });
    await world.finished(`refund/${refund!.id}`);
    const answer = await callAt(api, people.buyer, path, {}, key);
    expect([answer.status, answer.body['refund']!['id']]).toEqual([202, refund!.id]);
    expect(world.psp.control.refunds(orderId)).toHaveLength(1);
    await reversed(refund!.id);
  });

  it('in phase 3: the refund stays pending, whole, and is settled once when the database is back', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'holdWebhook', match: 'refund_succeeded' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    const before = await pictureOf(world, orderId);
    await workerWire.down();
    await world.psp.control.release();
    await delivered(world, refundId, 'refund_succeeded');
    expect(await pictureOf(world, orderId)).toEqual(before);
    await workerWire.up();
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
    await reversed(refundId);
  });

  it('while a webhook comes: 503, so that the PSP sends it again', async () => {
    const orderId = await bought();
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    const { body, attempts } = await delivered(world, refundId, 'refund_succeeded');
    const send = () =>
      fetch(`${api.url}/api/v1/webhooks/hyperswitch`, {
        method: 'POST',
        headers: { ...attempts[0]!.headers, 'content-type': 'application/json' },
        body,
      });
    await apiWire.down();
    const away = await send();
    expect([away.status, Number(away.headers.get('retry-after')) > 0]).toEqual([503, true]);
    await apiWire.up();
    await eventually(async () => expect((await send()).status).toBe(200));
    expect((await world.order(orderId)).status).toBe('refunded');
  });
});
