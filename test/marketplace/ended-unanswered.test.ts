import { afterAll, beforeAll, expect, it } from 'vitest';
import { completedOrder } from '../harness/stories.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

let world: World;
let shop: Shop;

beforeAll(async () => {
  world = await World.create();
  shop = await openShop(world);
});
afterAll(() => world.close());

it('a workflow that ends before it has answered: 503, and the same key gets the true answer', async () => {
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  await world.stopWorker();
  const ask = () =>
    world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {}, { 'Idempotency-Key': 'ended' });
  const unanswered = ask();
  const query = `WorkflowType = "refund" AND VezaOrderId = "${orderId}" AND ExecutionStatus = "Running"`;
  const started = async () => {
    for await (const found of world.temporal.workflow.list({ query })) return found.workflowId;
    return null;
  };
  const workflowId = (await until(started, (id) => id !== null))!;
  await world.temporal.workflow.getHandle(workflowId).terminate('by the test');
  expect(await unanswered).toMatchObject({
    status: 503,
    body: { code: 'engine_unavailable', may_still_be_carried_out: true },
  });

  await world.startWorker();
  const answered = await ask();
  expect(answered.status).toBe(202);
  await world.finished(workflowId);
  const refundId: string = answered.body['refund']!['id']!;
  expect(workflowId).toBe(`refund/${refundId}`);
  expect(await world.order(orderId)).toMatchObject({ status: 'refunded' });
});
