import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as restate from '@restatedev/restate-sdk';
import * as clients from '@restatedev/restate-sdk-clients';
import { serveApi } from './api.ts';
import { completeReversal, keepWebhook, openRefund, type Query, settleRefund } from './books.ts';
import { askPsp, reverseAtStripe, settings } from './calls.ts';
import { openPool } from './pool.ts';

// The saga on Restate, as its documentation writes a signup: steps in one workflow, a durable promise that the HTTP
// handler waits for, and another that the webhook resolves (https://docs.restate.dev/tour/workflows). Its server keeps
// its log on disk and syncs it, as it does by default. A step may run twice where a process dies between the commit and
// the journal.

const START_WITHIN_MS = 60_000;
const OPENED = 'opened';
const SETTLED = 'settled';

const { pool, inTransaction } = openPool(settings.databaseUrl);

const refund = restate.workflow({
  name: 'refund',
  handlers: {
    run: async (ctx: restate.WorkflowContext, orderId: string) => {
      const refundId = ctx.key;
      const opened = await ctx.run('open', () =>
        inTransaction((query) => openRefund(query, refundId, orderId)),
      );
      await ctx.promise<boolean>(OPENED).resolve(true);
      await ctx.run('askPsp', () => askPsp(opened));
      await ctx.promise<string>(SETTLED);
      const reversal = await ctx.run('settle', () =>
        inTransaction((query) => settleRefund(query, refundId, refundId)),
      );
      if (reversal === null) return;
      const stripeId = await ctx.run('reverse', () => reverseAtStripe(reversal));
      await ctx.run('complete', () =>
        inTransaction((query) => completeReversal(query, reversal.reversalId, stripeId)),
      );
    },
    opened: (ctx: restate.WorkflowSharedContext) => ctx.promise<boolean>(OPENED).get(),
    settled: (ctx: restate.WorkflowSharedContext, eventId: string) =>
      ctx.promise<string>(SETTLED).resolve(eventId),
  },
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Starts the server in a folder that goes with this process. Returns where it takes calls and where it is told. */
async function startServer() {
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'veza-bench-restate-'));
  const program = createRequire(import.meta.url).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  const at = (port: number) => `127.0.0.1:${port}`;
  const env = {
    ...{ RESTATE_INGRESS__BIND_ADDRESS: at(ingress), RESTATE_ADMIN__BIND_ADDRESS: at(admin) },
    ...{ RESTATE_BIND_ADDRESS: at(node), RESTATE_ADVERTISED_ADDRESS: `http://${at(node)}` },
    ...{ RESTATE_BASE_DIR: folder, RESTATE_DISABLE_TELEMETRY: 'true', RUST_LOG: 'error' },
  };
  const child = spawn(program, [], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.on('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  child.on('exit', (code) => {
    console.error(`restate-server ended with ${code}`);
    process.exit(1);
  });
  return { ingressUrl: `http://${at(ingress)}`, adminUrl: `http://${at(admin)}` };
}

/** Tells the server where the workflow is, again until it is there. */
async function register(adminUrl: string, port: number): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${port}` });
  const headers = { 'content-type': 'application/json' };
  for (const untilMs = Date.now() + START_WITHIN_MS; ; await sleep(100)) {
    const answer = await fetch(`${adminUrl}/deployments`, { method: 'POST', headers, body }).catch(
      () => null,
    );
    if (answer?.ok) return;
    if (Date.now() > untilMs) throw new Error(`restate-server did not start: ${await answer?.text()}`);
  }
}

const port = await freePort();
await restate.serve({ services: [refund], port });
const { ingressUrl, adminUrl } = await startServer();
await register(adminUrl, port);
const ingress = clients.connect({ url: ingressUrl });
const queryWebhooks: Query = async (text, params) => (await pool.query(text, [...params])).rows as never;

serveApi({
  request: async (refundId, orderId) => {
    const workflow = ingress.workflowClient(refund, refundId);
    await workflow.workflowSubmit(orderId);
    await workflow.opened();
  },
  webhook: async ({ eventId, refundId, body }) => {
    if (await keepWebhook(queryWebhooks, eventId, body))
      await ingress.workflowClient(refund, refundId).settled(eventId);
  },
});
