import { eq } from 'drizzle-orm';
import { storeSettingsOf } from '../../config/storage.ts';
import { dataExports } from '../../db/privacy/schema.ts';
import { requestExport } from '../../db/privacy/exports/request-export.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { makePerson } from '../harness/shop.ts';
import { signal } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';
import type { Played } from './played.ts';

/** The paths of a copy of somebody's data, as `PATHS` has them. */
export const EXPORT_PATHS: Readonly<Record<string, (world: World) => Promise<Played>>> = {
  'export-ready': async (world) => {
    const { workflowId } = await begun(world);
    await world.finished(workflowId);
    return { workflowId };
  },
  'export-failed': async (world) => {
    const { workflowId, clear } = await begun(world, 'blocked');
    await world.finished(workflowId);
    await clear();
    return { workflowId };
  },
  'export-retried': async (world) => {
    const { workflowId, clear, hasFailed } = await begun(world, 'blocked');
    await hasFailed();
    await clear();
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    return { workflowId };
  },
  'export-given-up': async (world) => {
    const { workflowId, clear, hasFailed } = await begun(world, 'blocked');
    await hasFailed();
    await signal(world, workflowId, 'giveUp', 'by hand');
    await world.finished(workflowId);
    await clear();
    return { workflowId };
  },
  'export-waits': async (world) => {
    const { workflowId, clear, hasFailed } = await begun(world, 'blocked');
    await hasFailed();
    return { workflowId, open: clear };
  },
};

/** `blocked`: a file stands where the folder of the copy would be, so none can be written. */
async function begun(world: World, how?: 'blocked') {
  const { id: userId } = await makePerson(world, 'user');
  const { db } = world.database;
  const { id: exportId } = await requestExport(db, userId, { actor: userId });
  const store = createFileStore(storeSettingsOf(world.config));
  const inTheWay = `exports/${exportId}`;
  if (how === 'blocked') await store.put(inTheWay, content(), { contentType: 'text/plain' });
  await world.engine.startExport({ exportId, userId });
  return {
    workflowId: `export/${exportId}`,
    clear: () => store.remove(inTheWay),
    hasFailed: () =>
      until(
        async () => (await db.select().from(dataExports).where(eq(dataExports.id, exportId)))[0]?.errorCode,
        (code) => typeof code === 'string',
      ),
  };
}

async function* content() {
  yield Buffer.from('in the way');
}
