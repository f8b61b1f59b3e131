import { sellerBalances } from '../../db/ledger/schema.ts';
import { undoDeletion } from '../../db/privacy/index.ts';
import { makePerson } from '../harness/shop.ts';
import { uniqueName } from '../harness/services.ts';
import { until } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';
import { deletionOf, erased, left, SYSTEM, TERMS, waitsFor, wake } from '../privacy/leaving.ts';
import type { Played } from './played.ts';

const LONG_MS = 30 * 24 * 60 * 60 * 1000;

/** The paths of a leaving, as `PATHS` has them. */
export const DELETION_PATHS: Readonly<Record<string, (world: World) => Promise<Played>>> = {
  'deletion-scheduled': async (world) => {
    const { userId, workflowId } = await begun(world, LONG_MS);
    return { workflowId, open: () => stays(world, userId) };
  },
  'deletion-undone': async (world) => {
    const { userId, workflowId } = await begun(world, LONG_MS);
    await stays(world, userId);
    await world.finished(workflowId);
    return { workflowId };
  },
  'deletion-waits': async (world) => {
    const { userId, workflowId } = await begun(world, 1, { owedMinor: 1 });
    await waitsFor(world, userId, ['balance_owed']);
    return { workflowId, open: () => stays(world, userId) };
  },
  /** Nothing can take what is left. */
  'deletion-asks-for-account': async (world) => {
    const { userId, workflowId } = await begun(world, 1, { availableMinor: 5_000 });
    await waitsFor(world, userId, ['balance_available']);
    await stays(world, userId);
    await world.finished(workflowId);
    return { workflowId };
  },
  'deletion-continued': async (world) => {
    const { userId, workflowId } = await begun(world, 1, { owedMinor: 1 });
    await waitsFor(world, userId, ['balance_owed']);
    const handle = world.temporal.workflow.getHandle(workflowId);
    const { runId } = await handle.describe();
    await until(
      async () => {
        await wake(world, userId);
        return (await handle.describe()).runId;
      },
      (now) => now !== runId,
    );
    await stays(world, userId);
    await world.finished(workflowId);
    return { workflowId, runId };
  },
  'deletion-erased': async (world) => {
    const { userId, workflowId } = await begun(world, 1);
    await erased(world, userId);
    return { workflowId };
  },
  deletions: async (world) => {
    const workflowId = uniqueName('deletions');
    await world.temporal.workflow.execute('deletions', {
      ...{ workflowId, taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE, args: [{}] },
    });
    return { workflowId };
  },
};

async function begun(world: World, graceMs: number, balance?: Partial<typeof sellerBalances.$inferInsert>) {
  const { id: userId } = await makePerson(world, 'user');
  if (balance !== undefined)
    await world.database.db.insert(sellerBalances).values({ sellerId: userId, currency: 'EUR', ...balance });
  await left(world, userId, graceMs);
  return { userId, workflowId: `deletion/${userId}` };
}

/** They stay after all; what they had is gone, so that the books agree. */
async function stays(world: World, userId: string): Promise<void> {
  await world.database.sql`DELETE FROM seller_balances WHERE seller_id = ${userId}`;
  await world.database.db.transaction((tx) => undoDeletion(tx, SYSTEM, { userId, terms: TERMS }));
  await wake(world, userId);
  await until(
    () => deletionOf(world, userId),
    ({ status }) => status === 'undone',
  );
}
