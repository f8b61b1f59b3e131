import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.create({ env: { SMTP_TIMEOUT: '20s' } });
});
afterAll(() => world.close());

const idleTransactions = async () => {
  const [open] = await world.database.sql`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'`;
  return open!['count'] as number;
};

test('SMTP stalls at a reset: the same buyer’s refund settles, and they buy and subscribe', async () => {
  const { buyer, productIds } = await openShop(world);
  const email = `${buyer.id}@veza.test`;
  const buy = async () => {
    const items = productIds.map((id) => ({ product_id: id }));
    const { status, body } = await world.post(buyer, '/marketplace/orders', { items });
    expect(status).toBe(201);
    return body['order']!['id']! as string;
  };
  const orderId = await buy();
  world.psp.control.pay(orderId);
  await world.finished(`order/${orderId}`);

  world.smtp.control.addFault({ kind: 'stall', at: 'recipient', to: email });
  let isAnswered = false;
  const reset = world.post(null, '/auth/password-reset', { email }).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await eventually(async () => expect(await idleTransactions()).toBe(1));

  const refunded = await world.post(buyer, `/marketplace/orders/${orderId}/refund`, {});
  expect(refunded.status).toBe(202);
  const refundId = refunded.body['refund']!['id']! as string;
  await world.finished(`refund/${refundId}`);
  expect((await world.refund(refundId)).status).toBe('succeeded');
  const subscribed = await world.post(buyer, '/subscriptions/subscribe', { plan_id: 'creator' });
  expect(subscribed.status).toBe(201);
  await buy();
  expect(isAnswered).toBe(false);

  await world.smtp.control.goAway();
  expect((await reset).status).toBe(202);
});
