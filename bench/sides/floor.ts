import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WithStartWorkflowOperation } from '@temporalio/client';
import postgres from 'postgres';
import { connectNow, createClient } from '../../engine/connect.ts';
import { startNode } from '../../stack/index.ts';
import { FLOOR_TABLES } from '../floor/worker.ts';
import { openOnly, openUpdate } from '../floor/workflow.ts';
import { type Closers, type Parts, SECRETS, temporalOf, warnings } from '../stack.ts';
import type { Side } from './side.ts';

const TASK_QUEUE = 'bench-floor';

/**
 * The floor of an acknowledgement: update-with-start that answers after one local activity with one SQL transaction.
 * The driver calls Temporal itself, so its CPU is this side's client.
 */
export async function startFloor(
  { postgres: server, temporal }: Parts,
  closers: Closers,
  say: (line: string) => void,
): Promise<Side> {
  const databaseUrl = await server.createDatabase('floor');
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  closers.push(() => sql.end());
  await sql.unsafe(FLOOR_TABLES);
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    FLOOR_TASK_QUEUE: TASK_QUEUE,
    JWT_SECRET: SECRETS.JWT_SECRET,
  };
  const script = fileURLToPath(new URL('../floor/worker.ts', import.meta.url));
  const worker = startNode({ name: 'floor', script, env, onLine: warnings(say) });
  closers.push(() => worker.stop());
  await worker.ready;
  const settings = temporalOf(temporal);
  const connection = await connectNow(settings);
  closers.push(() => connection.close());
  const client = createClient(connection, settings);
  return {
    name: 'floor',
    pids: () => ({ client: process.pid, worker: worker.pid, engine: temporal.pid, database: server.pid }),
    prepare: async (count) => {
      const ids = Array.from({ length: count }, () => randomUUID());
      await sql`INSERT INTO floor_orders (id, status) SELECT id, 'completed' FROM unnest(${ids}::uuid[]) AS id`;
      return ids.map((id) => ({ id, token: '' }));
    },
    ask: async ({ id }) => {
      const startWorkflowOperation = new WithStartWorkflowOperation(openOnly, {
        workflowId: `floor/${id}`,
        taskQueue: TASK_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      await client.workflow.executeUpdateWithStart(openUpdate, { args: [id], startWorkflowOperation });
      return 'accepted';
    },
    ended: (orderIds) => Promise.resolve(orderIds),
    abandon: () => Promise.resolve(),
  };
}
