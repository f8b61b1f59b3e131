import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf } from './story.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

it('a batch of revenue that waits for the database heartbeats: nobody takes its worker for dead', async () => {
  const of = subscriptionsOf(world);
  const { id, invoiceId } = await of.active();
  await of.rests(id);
  const handle = await world.database.db.transaction(async (holder) => {
    await holder.execute(sql`LOCK TABLE revenue_schedules IN ACCESS EXCLUSIVE MODE`);
    const started = await world.temporal.workflow.start('revenue', {
      workflowId: `revenue/${invoiceId}`,
      taskQueue: world.config.TEMPORAL_BILLING_TASK_QUEUE,
      args: [{}],
    });
    const batch = await until(
      async () => (await started.describe()).raw.pendingActivities?.[0],
      (pending) => Boolean(pending?.lastHeartbeatTime),
    );
    expect(batch).toMatchObject({ activityType: { name: 'recogniseBatch' }, attempt: 1 });
    return started;
  });
  expect(await handle.result()).toEqual({ looked: 0 });
});
