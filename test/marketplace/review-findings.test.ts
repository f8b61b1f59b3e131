import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { refundsOf } from '../harness/rows.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('a payment that no order took', () => {
  let world: World;
  let people: Awaited<ReturnType<World['seed']>>;
  beforeAll(async () => {
    world = await World.create();
    people = await world.seed();
  });
  afterAll(() => world.close());

  it('whose give-back failed is given back by a new refund, once a person says so', async () => {
    const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'card closed' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 5_000 });
    await world.finished(`order/${orderId}`);
    const [first] = await refundsOf(world, orderId);
    await world.finished(`refund/${first!.id}`);
    expect((await world.refund(first!.id)).status).toBe('failed');
    expect((await world.order(orderId)).status).toBe('failed');

    const own = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect(own.body['code']).toBe('order_not_refundable');
    const again = await world.post(people.admin, `/admin/orders/${orderId}/give-back`, {
      reason: 'new card',
    });
    expect(again.status, JSON.stringify(again.body)).toBe(202);
    const secondId: string = again.body['refund']!['id']!;
    await world.finished(`refund/${secondId}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 5_000 });
    const more = await world.post(people.admin, `/admin/orders/${orderId}/give-back`, { reason: 'again' });
    expect(more.body['code']).toBe('order_not_refundable');
    await expectCleanBooks(world);
  });

  it('a capture told without its amount is not overruled by an older failure', async () => {
    const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.addFault({ kind: 'status', match: 'payments.retrieve', status: 503, times: 2 });
    world.psp.control.pay(orderId, { webhook: false });
    const send = (body: object) =>
      world.psp.control.sendWebhook(JSON.stringify({ payment_id: orderId, ...body }));
    await send({ event_type: 'payment.succeeded', status: 'succeeded' });
    await send({ event_type: 'payment.failed', status: 'failed', amount: 12_000, currency: 'EUR' });
    await world.finished(`order/${orderId}`);
    expect((await world.order(orderId)).status).toBe('completed');
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
    await expectCleanBooks(world);
  });
});
