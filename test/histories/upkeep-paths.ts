import { v7 as uuidv7 } from 'uuid';
import { accountTokens } from '../../db/accounts/tokens/schema.ts';
import type { UpkeepRequest } from '../../domain/upkeep/upkeep.ts';
import { makePerson } from '../harness/shop.ts';
import type { World } from '../harness/world.ts';
import { unconfirmed } from '../upkeep/support.ts';
import type { Played } from './played.ts';

/** The paths of an upkeep, as `PATHS` has them. */
export const UPKEEP_PATHS: Readonly<Record<string, (world: World) => Promise<Played>>> = {
  upkeep: async (world) => {
    await unconfirmed(world);
    const { workflowId } = await played(world, {});
    return { workflowId };
  },
  'upkeep-continued': (world) => played(world, { batchesPerRun: 1 }),
  'upkeep-ended': async (world) => {
    const { workflowId } = await played(world, { batchesPerRun: 1 });
    return { workflowId };
  },
};

/** An upkeep of more than one batch; the run that it began with. */
async function played(world: World, request: UpkeepRequest): Promise<Played> {
  const { id: userId } = await makePerson(world, 'user');
  const over = { userId, purpose: 'verify_email', expiresAt: new Date(0) } as const;
  const tokens = Array.from({ length: 101 }, () => {
    const id = uuidv7();
    return { ...over, id, tokenHash: id.replaceAll('-', '').repeat(2) };
  });
  await world.database.db.insert(accountTokens).values(tokens);
  const workflowId = `upkeep/${uuidv7()}`;
  const started = await world.temporal.workflow.start('upkeep', {
    ...{ workflowId, taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE, args: [request] },
  });
  await started.result();
  return { workflowId, runId: started.firstExecutionRunId };
}
