import { DBOS } from '@dbos-inc/dbos-sdk';
import { PostgresDataSource } from '@dbos-inc/postgres-datasource';
import postgres from 'postgres';
import { serveApi } from './api.ts';
import { completeReversal, keepWebhook, openRefund, type Query, settleRefund } from './books.ts';
import { askPsp, reverseAtStripe, settings } from './calls.ts';

// The saga on DBOS, as its documentation writes a checkout: steps and transactions in one workflow, an event that the
// HTTP handler waits for, and a message from the webhook
// (https://docs.dbos.dev/typescript/tutorials/workflow-communication, …/transaction-tutorial).

const CONNECTIONS_MAX = 20;
const OPENED = 'opened';
const SETTLED = 'settled';
const WEBHOOK_WITHIN_S = 24 * 60 * 60;
const PATIENT = { retriesAllowed: true, maxAttempts: 10 };

const database = new PostgresDataSource('app', connectionOf(settings.databaseUrl));
const query: Query = (text, params) => database.client.unsafe(text, params as never);

const refund = DBOS.registerWorkflow(
  async (refundId: string, orderId: string) => {
    const opened = await database.runTransaction(() => openRefund(query, refundId, orderId), {
      name: 'open',
    });
    await DBOS.setEvent(OPENED, true);
    await DBOS.runStep(() => askPsp(opened), { name: 'askPsp', ...PATIENT });
    if ((await DBOS.recv(SETTLED, WEBHOOK_WITHIN_S)) === null) throw new Error('no webhook came');
    const reversal = await database.runTransaction(() => settleRefund(query, refundId, refundId), {
      name: 'settle',
    });
    if (reversal === null) return;
    const stripeId = await DBOS.runStep(() => reverseAtStripe(reversal), { name: 'reverse', ...PATIENT });
    await database.runTransaction(() => completeReversal(query, reversal.reversalId, stripeId), {
      name: 'complete',
    });
  },
  { name: 'refund' },
);

function connectionOf(url: string) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    ...{ host: hostname, port: Number(port), username, password: decodeURIComponent(password) },
    ...{ database: pathname.slice(1), max: CONNECTIONS_MAX },
  };
}

DBOS.setConfig({
  name: 'refunds',
  systemDatabaseUrl: `${settings.databaseUrl}_sys`,
  systemDatabasePoolSize: CONNECTIONS_MAX,
  logLevel: 'error',
});
await PostgresDataSource.initializeDBOSSchema(connectionOf(settings.databaseUrl));
await DBOS.launch();
const webhooks = postgres(settings.databaseUrl, { max: CONNECTIONS_MAX });
const queryWebhooks: Query = (text, params) => webhooks.unsafe(text, params as never, { prepare: true });

serveApi({
  request: async (refundId, orderId) => {
    const handle = await DBOS.startWorkflow(refund, { workflowID: refundId })(refundId, orderId);
    if ((await DBOS.getEvent(handle.workflowID, OPENED)) === null)
      throw new Error('the refund was not opened');
  },
  webhook: async ({ eventId, refundId, body }) => {
    await keepWebhook(queryWebhooks, eventId, body);
    await DBOS.send(refundId, eventId, SETTLED, eventId);
  },
});
