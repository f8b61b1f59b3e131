import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { completedOrder } from '../harness/stories.ts';

/** What a full refund with one reversal costs, in events over both histories. It may only fall. */
const EVENTS_MAX = 22;

describe('the cost of a refund in history events', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  async function events(workflowId: string): Promise<string[]> {
    const { events: all } = await world.temporal.workflow.getHandle(workflowId).fetchHistory();
    return (all ?? []).map((event) => String(event.eventType));
  }

  it('a full refund with one reversal', async () => {
    const { buyer, products } = await openCatalog(world);
    const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
    const refunded = await world.post(buyer, `/marketplace/orders/${orderId}/refund`, {});
    const refundId: string = refunded.body['refund']!['id']!;
    await world.finished(`refund/${refundId}`);
    const [reversal] = await world.reversalsOf(refundId);
    await world.finished(`reversal/${reversal!.id}`);
    const counted = [...(await events(`refund/${refundId}`)), ...(await events(`reversal/${reversal!.id}`))];
    expect(counted.length, counted.join('\n')).toBe(EVENTS_MAX);
  });
});
