import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { costOf, type EngineCost } from './cost.ts';
import { naiveOpened, naiveRefund, type NaiveRefund, naiveTold } from './naive-workflow.ts';

const { EventType } = proto.temporal.api.enums.v1;
const TASK_QUEUE = 'bench-naive';
const LOOK_EVERY_MS = 20;

/** Steps that do nothing: what is counted is what the engine does around them. */
const activities = {
  open: () => Promise.resolve(),
  /** Fails so often, and is asked again by the server. */
  askPsp: (_id: string, failures: number) =>
    activityInfo().attempt > failures ? Promise.resolve() : Promise.reject(new Error('the PSP is away')),
  settle: () => Promise.resolve(),
  reverse: (_id: string, succeeds: boolean) => Promise.resolve(succeeds),
};
export type NaiveActivities = {
  open(id: string): Promise<void>;
  askPsp(id: string, failures: number): Promise<void>;
  settle(id: string): Promise<void>;
  reverse(id: string, succeeds: boolean): Promise<boolean>;
};

/** Plays the naive refund on a real engine, and counts what its histories hold. */
export async function costsOfNaive(
  client: Client,
  address: string,
  paths: readonly NaiveRefund[],
): Promise<ReadonlyMap<string, EngineCost>> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./naive-workflow.ts', import.meta.url)),
    activities,
  });
  try {
    return await worker.runUntil(async () => {
      const costs = new Map<string, EngineCost>();
      for (const path of paths) costs.set(path.id, await costOfOne(client, path));
      return costs;
    });
  } finally {
    await connection.close();
  }
}

async function costOfOne({ workflow }: Client, refund: NaiveRefund): Promise<EngineCost> {
  const workflowId = `naive/${refund.id}`;
  const startWorkflowOperation = new WithStartWorkflowOperation(naiveRefund, {
    ...{ workflowId, taskQueue: TASK_QUEUE, args: [refund] },
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await workflow.executeUpdateWithStart(naiveOpened, { startWorkflowOperation });
  const eventsOf = async (id: string) => (await workflow.getHandle(id).fetchHistory()).events ?? [];
  const waits = async () =>
    (await eventsOf(workflowId)).some(
      (event) => Number(event.eventType) === EventType.EVENT_TYPE_TIMER_STARTED,
    );
  // The webhook comes once the PSP has answered.
  while (!(await waits())) await sleep(LOOK_EVERY_MS);
  await workflow.getHandle(workflowId).signal(naiveTold);
  await workflow.getHandle(workflowId).result();
  return costOf([await eventsOf(workflowId), await eventsOf(`naive-reversal/${refund.id}`)]);
}
