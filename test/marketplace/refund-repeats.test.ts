import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idempotencyKeys } from '../../db/kernel/schema.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { keepAsk, takeAsk } from '../../db/kernel/keep-ask.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { refundsOf } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { adopted } from '../harness/wait.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';

describe('a refund asked for again, by its Idempotency-Key', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
    world.psp.control.setRefundMode('manual');
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const bought = async () => (await completedOrder(world, people.buyer, [people.products[0]!.id])).orderId;
  const ask = (orderId: string, key: string, body: unknown = {}, person: Person = people.buyer) =>
    world.post(person, `/marketplace/orders/${orderId}/refund`, body, { 'idempotency-key': key });
  const end = async (refundId: string, status: 'succeeded' | 'failed') => {
    await adopted(world, refundId);
    world.psp.control.settleRefund(refundId, status);
    await world.finished(`refund/${refundId}`);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
  };

  it('same key and body: same refund and answer', async () => {
    const orderId = await bought();
    const key = uuidv7();
    const first = await ask(orderId, key, { reason: 'wrong track', amount: 2_500 });
    expect(first.status).toBe(202);
    // The order of a body's fields is not part of it.
    const again = await ask(orderId, key, { amount: 2_500, reason: 'wrong track' });
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it.each(['succeeded', 'failed'] as const)('same refund and answer, also after it %s', async (status) => {
    const orderId = await bought();
    const key = uuidv7();
    const first = await ask(orderId, key);
    const refundId: string = first.body['refund']!['id']!;
    await end(refundId, status);
    const again = await ask(orderId, key);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status }]);
  });

  it('all at once: one refund, and the same answer to each', async () => {
    const orderId = await bought();
    const key = uuidv7();
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(orderId, key)));
    for (const answer of answers) expect([answer.status, answer.body]).toEqual([202, answers[0]!.body]);
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it('all at once with different bodies: one refund, 422 to the others', async () => {
    const orderId = await bought();
    const key = uuidv7();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((reason) => ask(orderId, key, { reason })));
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      expect(answer.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it('another body: 422', async () => {
    const orderId = await bought();
    const key = uuidv7();
    await ask(orderId, key, { reason: 'wrong track' });
    const other = await ask(orderId, key, { reason: 'something else' });
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  it('looked up before any refusal', async () => {
    const orderId = await bought();
    const key = uuidv7();
    const first = await ask(orderId, key);
    await end(first.body['refund']!['id']!, 'succeeded');
    await world.database.db
      .update(orders)
      .set({ refundDeadline: new Date(0) })
      .where(eq(orders.id, orderId));
    expect((await ask(orderId, uuidv7())).body['code']).toBe('order_not_refundable');
    expect((await ask(orderId, key)).body).toEqual(first.body);
    expect((await ask(orderId, key, { amount: -5 })).body['code']).toBe('idempotency_key_reused');
  });

  it('refusals are not stored: the same key is judged anew', async () => {
    const orderId = await bought();
    const key = uuidv7();
    const refundDeadline = new Date(Date.now() - 1_000);
    await world.database.db.update(orders).set({ refundDeadline }).where(eq(orders.id, orderId));
    expect((await ask(orderId, key)).body['code']).toBe('refund_window_expired');
    const stored = await world.database.db.select().from(idempotencyKeys).where(eq(idempotencyKeys.key, key));
    expect(stored).toEqual([]);
    await world.database.db.update(orders).set({ refundDeadline: null }).where(eq(orders.id, orderId));
    expect((await ask(orderId, key, { reason: 'another body is fine now' })).status).toBe(202);
  });

  it('refusals are not stored: nor those of phase 1', async () => {
    const orderId = await bought();
    const other = await openedRefund(world, people.buyer, orderId);
    const key = uuidv7();
    const scope = `${people.buyer.id}:requestRefund:${orderId}`;
    const idempotency = { scope, key, bodyHash: 'a-hash' };
    const refundId = uuidv7();
    const caller = { userId: people.buyer.id, role: people.buyer.role };
    // As the API does: it keeps the ask, and takes it again once it has read a refusal.
    const request = async () => {
      await keepAsk(world.database.db, refundId, { kind: 'refund', orderId, caller, idempotency });
      const opening = await world.engine.requestRefund({ refundId }, label);
      if ('refused' in opening) await takeAsk(world.database.db, refundId);
      return opening;
    };
    const label = { purchase: { kind: 'order', id: orderId }, amountMinor: 2_500, currency: 'EUR' } as const;
    expect(await request()).toMatchObject({
      refused: { code: 'refund_already_requested' },
    });
    await world.finished(`refund/${refundId}`);
    await end(other, 'failed');
    expect(await request()).toMatchObject({
      opened: { refundId },
      bodyHash: 'a-hash',
    });
  });

  it('its scope is caller, route and order', async () => {
    const [mine, theirs] = [await bought(), await bought()];
    const key = uuidv7();
    const first = await ask(mine, key);
    const second = await ask(theirs, key, { reason: 'another order' });
    expect(second.status).toBe(202);
    expect(second.body['refund']!['id']).not.toBe(first.body['refund']!['id']);
    // Another caller's key says nothing of this one's answer.
    expect((await ask(mine, key, {}, people.ada)).body['code']).toBe('refund_already_requested');
    expect((await ask(mine, key, {}, people.stranger)).body['code']).toBe('order_not_found');
  });

  it.each(['', ' ', 'x'.repeat(256), 'käse'.normalize('NFC')])(
    'a key that cannot be one is refused: %j',
    async (key) => {
      const orderId = await bought();
      const headers = { 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') };
      const answer = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {}, headers);
      expect(answer.body).toMatchObject({ status: 400, code: 'idempotency_key_invalid' });
      expect(await refundsOf(world, orderId)).toEqual([]);
    },
  );
});
