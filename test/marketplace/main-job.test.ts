import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../harness/shop.ts';
import { World } from '../harness/world.ts';

describe('the main job', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  it('pays a purchase, sends the sellers their shares, refunds the buyer and takes the shares back', async () => {
    const { buyer, products } = await openCatalog(world);
    const bought = await world.post(buyer, '/marketplace/orders', {
      items: [{ product_id: products[0]!.id }, { product_id: products[2]!.id }],
    });
    expect(bought.status, JSON.stringify(bought.body)).toBe(201);
    const orderId = bought.body['order']!['id']! as string;
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    expect((await world.order(orderId)).status).toBe('completed');
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
    expect((await world.transfersOf(orderId)).map((transfer) => transfer.status)).toEqual([
      'completed',
      'completed',
    ]);

    const refunded = await world.post(buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect(refunded.status, JSON.stringify(refunded.body)).toBe(202);
    const refundId = refunded.body['refund']!['id']! as string;
    await world.finished(`refund/${refundId}`);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    expect((await world.refund(refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect((await world.reversalsOf(refundId)).map((reversal) => reversal.status)).toEqual([
      'reversed',
      'reversed',
    ]);
    expect((await world.transfersOf(orderId)).map((transfer) => transfer.status)).toEqual([
      'reversed',
      'reversed',
    ]);
  });
});
