import { makeWorkerUtils, run, type TaskList } from 'graphile-worker';
import { serveApi } from './api.ts';
import {
  completeReversal,
  keepWebhook,
  openRefund,
  type Query,
  type Refund,
  type Reversal,
  settleRefund,
} from './books.ts';
import { askPsp, reverseAtStripe, settings } from './calls.ts';
import { CONNECTIONS_MAX, openPool } from './pool.ts';

// The saga as a chain of jobs, as graphile-worker's documentation has it: each job is added in the transaction that calls
// for it, by the SQL function `add_job` (https://worker.graphile.org/docs/sql-add-job, …/docs/library/run).

const { inTransaction } = openPool(settings.databaseUrl);
const addJob = (query: Query, task: string, payload: object) =>
  query(`SELECT graphile_worker.add_job($1, $2::json)`, [task, JSON.stringify(payload)]);

const taskList: TaskList = {
  ask_psp: (payload) => askPsp(payload as Refund),
  settle: async (payload) => {
    const { refundId } = payload as { refundId: string };
    await inTransaction(async (query) => {
      const reversal = await settleRefund(query, refundId, refundId);
      if (reversal !== null) await addJob(query, 'reverse', reversal);
    });
  },
  reverse: async (payload) => {
    const reversal = payload as Reversal;
    const stripeId = await reverseAtStripe(reversal);
    await inTransaction((query) => completeReversal(query, reversal.reversalId, stripeId));
  },
};

const utils = await makeWorkerUtils({ connectionString: settings.databaseUrl });
await utils.migrate();
await utils.release();
await run({
  connectionString: settings.databaseUrl,
  maxPoolSize: CONNECTIONS_MAX,
  concurrency: CONNECTIONS_MAX,
  taskList,
  noHandleSignals: true,
});

serveApi({
  request: (refundId, orderId) =>
    inTransaction(async (query) => {
      const opened = await openRefund(query, refundId, orderId);
      await addJob(query, 'ask_psp', opened);
    }),
  webhook: ({ eventId, refundId, body }) =>
    inTransaction(async (query) => {
      if (await keepWebhook(query, eventId, body)) await addJob(query, 'settle', { refundId });
    }),
});
