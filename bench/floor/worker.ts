import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import postgres from 'postgres';

// A process of its own: the worker of the floor, on the same server and in a database on the same PostgreSQL.

export interface FloorActivities {
  /** One transaction: the order is locked, a row is written, the order is marked. */
  openInOneTransaction(orderId: string): Promise<string>;
}

export const FLOOR_TABLES = `
  CREATE TABLE floor_orders (id uuid PRIMARY KEY, status text NOT NULL);
  CREATE TABLE floor_refunds (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES floor_orders);
  CREATE TABLE floor_webhooks (event_id text PRIMARY KEY, body text NOT NULL, received_at timestamptz NOT NULL DEFAULT now())`;

async function main(): Promise<void> {
  const { DATABASE_URL = '', TEMPORAL_ADDRESS = '', FLOOR_TASK_QUEUE = '' } = process.env;
  Runtime.install({ shutdownSignals: [] });
  const sql = postgres(DATABASE_URL, { max: 20 });
  const activities: FloorActivities = {
    openInOneTransaction: (orderId) =>
      sql.begin(async (tx) => {
        const id = randomUUID();
        await tx`SELECT status FROM floor_orders WHERE id = ${orderId} FOR UPDATE`;
        await tx`INSERT INTO floor_refunds (id, order_id) VALUES (${id}, ${orderId})`;
        await tx`UPDATE floor_orders SET status = 'refund_pending' WHERE id = ${orderId}`;
        return id;
      }),
  };
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: TEMPORAL_ADDRESS }),
    taskQueue: FLOOR_TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./workflow.ts', import.meta.url)),
    activities,
  });
  process.on('SIGTERM', () => process.exit(0));
  process.send?.({ ready: true });
  await worker.run();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
