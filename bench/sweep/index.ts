import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { openWithSql } from '../../sandbox/database.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { createEngine } from '../../engine/index.ts';
import { DRAIN_WORKFLOW_ID } from '../../domain/reconcile/ids.ts';
import { orderWorkflowId } from '../../domain/marketplace/ids.ts';
import { setUp, Supervised } from '../../sandbox/cli/veza.ts';
import { type HyperswitchSandbox, startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import { startNode } from '../../stack/index.ts';
import type { Bench, BenchOptions } from '../bench.ts';
import { residentMib, round, watchMemory } from '../memory.ts';
import { type Closers, compiled, environmentOf, onCompiledCode, SECRETS, startParts } from '../stack.ts';
import { startDrain } from './drain.ts';
import { bareReads } from './floor.ts';
import { historyLengths } from './histories.ts';
import { fillHealthy, fillStuck, fillWaiting, readStuck, type StuckRow } from './rows.ts';

/** The share of the rows after which the command that follows the drain is killed, and the worker. */
const KILL_COMMAND_AT = 0.1;
const KILL_WORKER_AT = 0.2;
/**
 * How many workflows a worker caches (worker.ts). After a while its cache is full, and memory is measured from there.
 */
const CACHED_WORKFLOWS = 1_000;
const CACHING_AT_ONCE = 20;
const ROUNDS = 5;
const QUEUES = { core: 'bench', stripe: 'bench-stripe', billing: 'bench-billing', people: 'bench-people' };

/**
 * The real workflow, on compiled code, drains a backlog of stuck rows among many healthy ones, while the command that
 * follows it and the worker are killed.
 */
export const sweep: Bench = ({
  rows: [healthy = 1_000_000] = [],
  part: stuck = 10_000,
  rounds = ROUNDS,
  say,
}) => onCompiledCode((closers) => measure({ healthy, stuck, rounds, say }, closers));

type Sizes = { readonly healthy: number; readonly stuck: number; readonly rounds: number } & Pick<
  BenchOptions,
  'say'
>;

async function measure({ healthy, stuck, rounds, say }: Sizes, closers: Closers): Promise<object> {
  const { postgres, temporal } = await startParts(closers);
  const databaseUrl = await postgres.createDatabase('veza');
  const settings = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace };
  await setUp(
    { databaseUrl, temporalAddress: temporal.address, temporalNamespace: temporal.namespace },
    // Its own sweep would look at rows of the drain.
    { RECONCILE_INTERVAL: '1d' },
  );
  const psp = await startHyperswitchSandbox({
    apiKey: SECRETS.HYPERSWITCH_API_KEY,
    webhookSecret: SECRETS.HYPERSWITCH_WEBHOOK_SECRET,
    webhookUrl: 'http://127.0.0.1:9',
    refundMode: 'manual',
  });
  closers.push(() => psp.close());
  const env = {
    ...environmentOf(temporal, databaseUrl),
    HYPERSWITCH_BASE_URL: psp.url,
    TEMPORAL_TASK_QUEUE: QUEUES.core,
    TEMPORAL_STRIPE_TASK_QUEUE: QUEUES.stripe,
    TEMPORAL_BILLING_TASK_QUEUE: QUEUES.billing,
    TEMPORAL_PEOPLE_TASK_QUEUE: QUEUES.people,
    LOG_LEVEL: 'warn',
  };

  const database = openWithSql(databaseUrl, { maxConnections: 2 });
  closers.push(() => database.close());
  await fillStuck(database, stuck);
  await fillHealthy(database, healthy, (done) => say(`${done} of ${healthy} healthy rows are written`));
  const backlog = await readStuck(database, stuck);
  await tellPsp(psp, backlog);
  say(`${stuck} stuck rows are written, and the PSP knows of them`);
  const readBare = () => bareReads(database, { url: psp.url, apiKey: SECRETS.HYPERSWITCH_API_KEY });
  const floor = await readBare();
  say(`a bare scan and reads: ${Math.round(floor)} rows a second`);

  const start = () =>
    startNode({ name: 'worker', script: compiled('worker.js'), env, onLine: say, graceMs: 15_000 });
  const worker = new Supervised(start, say);
  closers.push(() => worker.stop());
  await worker.ready;
  const connection = await connectNow(settings);
  closers.push(() => connection.close());
  const client = createClient(connection, {
    ...settings,
    PAYLOAD_ENCRYPTION_KEYS: [],
    PAYLOAD_ENCRYPTION_KEY_ID: undefined,
  });
  const waiting = await fillWaiting(database, CACHED_WORKFLOWS);
  const emptyMib = residentMib(worker.pid) ?? 0;
  await cache(client, waiting);
  const cachedWorkflowMib = ((residentMib(worker.pid) ?? 0) - emptyMib) / CACHED_WORKFLOWS;
  say(`the worker keeps ${CACHED_WORKFLOWS} workflows, of ${round(cachedWorkflowMib)} MiB each`);

  const ofWorker = watchMemory(() => worker.pid);
  const ofEngine = watchMemory(() => temporal.pid);
  closers.push(() => (ofWorker.stop(), ofEngine.stop()));
  const startedMs = performance.now();
  let drain = startDrain(env, say);
  await drain.reached(KILL_COMMAND_AT);
  const { runId } = await client.workflow.getHandle(DRAIN_WORKFLOW_ID).describe();
  drain.kill();
  say('the command was killed; another one joins the drain');
  drain = startDrain(env, say);
  await drain.reached(KILL_WORKER_AT);
  const killed = worker.pid;
  worker.kill();
  say('the worker was killed');
  while (worker.pid === killed) await sleep(100);
  await worker.ready;
  await cache(client, waiting);
  say('another worker keeps as many');
  ofWorker.restart();
  const report = await drain.report;
  const seconds = (performance.now() - startedMs) / 1_000;
  const workerMib = ofWorker.curve();

  const seen = Object.values(report).reduce((sum, phase) => sum + phase.seen, 0);
  const asked = ['stuck_orders', 'stuck_refunds', 'orphan_refunds'] as const;
  const once = asked.reduce((sum, phase) => sum + (report[phase]?.seen ?? 0), 0);
  if (once !== stuck) throw new Error(`${once} looks at ${stuck} stuck rows: ${JSON.stringify(report)}`);
  const [{ unseen } = { unseen: -1 }] = await database.sql<{ unseen: number }[]>`
    SELECT (SELECT count(*)::int FROM orders WHERE status = 'pending' AND reconcile_checked_at IS NULL AND created_at < now() - interval '1 hour')
      + (SELECT count(*)::int FROM refunds WHERE status = 'pending' AND reconcile_checked_at IS NULL) AS unseen`;
  if (unseen !== 0) throw new Error(`${unseen} stuck rows were never looked at`);
  ofWorker.restart();
  say('over what stays: nobody is told, so this is the price of looking');
  const looks: Looking[] = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    const bareReadsPerSecond = await readBare();
    const againMs = performance.now();
    const again = await startDrain(env, say, asked).report;
    const lookedAgain = Object.values(again).reduce((sum, phase) => sum + phase.seen, 0);
    const looksPerSecond = lookedAgain / ((performance.now() - againMs) / 1_000);
    const ratio = looksPerSecond / bareReadsPerSecond;
    looks.push({ looks: lookedAgain, looksPerSecond, bareReadsPerSecond, ratio });
    say(`${lookedAgain} looks, ${Math.round(looksPerSecond)} a second, ${round(ratio)} of bare reads`);
  }
  const histories = await historyLengths(client, DRAIN_WORKFLOW_ID, runId);
  return {
    healthy,
    stuck,
    seconds: round(seconds),
    looks: seen,
    looksPerSecond: round(seen / seconds),
    bareReadsPerSecond: round(floor),
    ratio: round(seen / seconds / floor),
    cachedWorkflowMib: round(cachedWorkflowMib),
    workerMib,
    engineMib: ofEngine.stop(),
    runs: histories.length,
    eventsPerRun: histories,
    report,
    /** Interleaved rounds: the sweep over rows that stay stuck, and the bare reads of the same rows. */
    onlyLooking: {
      rounds,
      looks: looks[0]!.looks,
      looksPerSecond: spread(looks.map((one) => one.looksPerSecond)),
      bareReadsPerSecond: spread(looks.map((one) => one.bareReadsPerSecond)),
      ratio: spread(looks.map((one) => one.ratio)),
      workerMib: ofWorker.stop(),
    },
  };
}

interface Looking {
  readonly looks: number;
  readonly looksPerSecond: number;
  readonly bareReadsPerSecond: number;
  readonly ratio: number;
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: round(sorted[Math.floor(sorted.length / 2)]!),
    least: round(sorted[0]!),
    most: round(sorted.at(-1)!),
  };
}

/** Has the worker cache the workflows of these orders: starts those that do not run, and asks each for its state. */
async function cache(client: Client, orderIds: readonly string[]): Promise<void> {
  const engine = createEngine(client, QUEUES);
  const inTurn = orderIds.values();
  const one = async () => {
    for (const orderId of inTurn) {
      await engine.startOrder(orderId, { amountMinor: 100, currency: 'EUR' });
      await client.workflow.getHandle(orderWorkflowId(orderId)).query('__stack_trace');
    }
  };
  await Promise.all(Array.from({ length: CACHING_AT_ONCE }, one));
}

/** Creates the PSP's side of the stuck rows. */
async function tellPsp({ url, control }: HyperswitchSandbox, backlog: readonly StuckRow[]): Promise<void> {
  const silently = { webhook: false };
  const call = async (path: string, body: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'api-key': SECRETS.HYPERSWITCH_API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`the PSP answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  for (const { kind, orderId, refundId } of backlog) {
    await call('/payments', { payment_id: orderId, amount: 100, currency: 'EUR' });
    if (kind === 'order failed') control.fail(orderId, 'Declined', silently);
    else if (kind !== 'order unpaid') control.pay(orderId, silently);
    if (kind !== 'refund succeeded' && kind !== 'refund pending') continue;
    await call('/refunds', { refund_id: refundId, payment_id: orderId, amount: 100 });
    if (kind === 'refund succeeded') control.settleRefund(refundId, 'succeeded', undefined, silently);
  }
}
