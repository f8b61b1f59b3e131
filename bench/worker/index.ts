import { setTimeout as sleep } from 'node:timers/promises';
import { pspCall } from '../../workflows/marketplace/messages.ts';
import type { Bench } from '../bench.ts';
import { figure, type Figure } from '../measure/figures.ts';
import { closedLoop } from '../measure/load.ts';
import { QUIET_MS, type Resting, resting, round } from '../memory.ts';
import { inParallel } from '../sides/parallel.ts';
import { type Product, startProduct } from '../sides/product.ts';
import { type Providers, startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts } from '../stack.ts';

const SIZES = [1_000, 10_000];
const ROUNDS = 5;
const ASKING_AT_ONCE = 20;
const LOOK_EVERY_MS = 20;
const GIVE_UP_AFTER_MS = 120_000;

/**
 * A worker with more and more refunds that wait for their PSP's webhook: its memory, and what it takes to recover them
 * after SIGKILL. One of them gets its webhook while there is no worker, and has to end; all of them have to answer.
 */
export const worker: Bench = ({ rounds = ROUNDS, rows: sizes = SIZES, engine, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers, { engine, say });
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say);
    await providers.control(product.pspUrl, 'setRefundMode', { mode: 'manual' });
    const empty = { refunds: 0, ...(await memoryOf(product)) };
    say(`no refund waits: ${empty.residentMib} MiB`);
    const waiting: string[] = [];
    const curve: Point[] = [];
    for (const size of sizes) {
      const opened = await open(product, Math.max(0, size - waiting.length));
      waiting.push(...opened);
      const memory = await memoryOf(product);
      say(`${waiting.length} refunds wait: ${memory.residentMib} MiB`);
      const killed: Killed[] = [];
      for (let turn = 1; turn <= rounds; turn += 1) {
        const one = await killWhileTold(product, providers);
        killed.push(one);
        say(`round ${turn}: ${JSON.stringify(one)}`);
      }
      const allAnswerSeconds = await killAndAskAll(product, waiting);
      const afterwards = await memoryOf(product);
      say(
        `all ${waiting.length} answered ${allAnswerSeconds} s after the kill, with ${afterwards.residentMib} MiB`,
      );
      const of = (name: keyof Killed) => figure(killed.map((one) => one[name]));
      curve.push({
        refunds: size,
        ...memory,
        /** From SIGKILL until another worker polls, and until the refund that was told meanwhile had ended. */
        restartMs: of('restartMs'),
        settledAfterKillMs: of('settledAfterKillMs'),
        settledAfterRestartMs: of('settledAfterRestartMs'),
        allAnswerSeconds,
        allAnsweredResidentMib: afterwards.residentMib,
      });
    }
    const all = [empty, ...curve];
    return { rounds, empty, curve, slope: all.slice(1).map((point, index) => slope(all[index]!, point)) };
  });

type Point = Resting & {
  readonly refunds: number;
  readonly restartMs: Figure;
  readonly settledAfterKillMs: Figure;
  readonly settledAfterRestartMs: Figure;
  readonly allAnswerSeconds: number;
  readonly allAnsweredResidentMib: number;
};

interface Killed {
  readonly restartMs: number;
  readonly settledAfterKillMs: number;
  readonly settledAfterRestartMs: number;
}

/** Asks for so many refunds, and waits until the PSP has answered for each. Returns their ids. */
async function open(product: Product, count: number): Promise<readonly string[]> {
  const orders = await product.prepare(count);
  await closedLoop(product, orders, { concurrency: ASKING_AT_ONCE, whole: false });
  const orderIds = orders.map(({ id }) => id);
  for (const untilMs = Date.now() + GIVE_UP_AFTER_MS; Date.now() < untilMs; await sleep(1_000)) {
    const rows = await product.database.sql<{ id: string }[]>`
      SELECT id FROM refunds WHERE order_id = ANY(${orderIds}::uuid[]) AND hyperswitch_refund_id IS NOT NULL`;
    if (rows.length === count) return rows.map(({ id }) => id);
  }
  throw new Error(`the PSP was not asked for all ${count} refunds`);
}

const memoryOf = ({ worker: process }: Product) => resting(() => process.pid);

/**
 * The worker is killed, and the PSP's webhook of one refund comes before another one is there. It is a refund that the
 * dead one had worked on last: the engine first keeps its tasks for that worker. A task that a worker takes and dies
 * with is another matter: the engine gives it ten seconds.
 */
async function killWhileTold(product: Product, providers: Providers): Promise<Killed> {
  const refundId = (await open(product, 1))[0]!;
  // Its last task is over too.
  await sleep(QUIET_MS);
  const killedMs = performance.now();
  const sinceKill = () => performance.now() - killedMs;
  await kill(product);
  const restart = product.worker.ready.then(sinceKill);
  await providers.control(product.pspUrl, 'settleRefund', { refundId, status: 'succeeded' });
  const settled = untilSettled(product, refundId).then(sinceKill);
  const [restartMs, settledAfterKillMs] = await Promise.all([restart, settled]);
  return {
    restartMs: Math.round(restartMs),
    settledAfterKillMs: Math.round(settledAfterKillMs),
    settledAfterRestartMs: Math.round(settledAfterKillMs - restartMs),
  };
}

/** SIGKILL. Resolves when the worker is dead and another one is on its way. */
async function kill({ worker: process }: Product): Promise<void> {
  const killed = process.pid;
  process.kill();
  while (process.pid === killed) await sleep(LOOK_EVERY_MS);
}

async function untilSettled({ database }: Product, refundId: string): Promise<void> {
  for (const untilMs = Date.now() + GIVE_UP_AFTER_MS; Date.now() < untilMs; await sleep(LOOK_EVERY_MS)) {
    const settled = await database.sql`SELECT 1 FROM refunds WHERE id = ${refundId} AND status = 'succeeded'`;
    if (settled.length > 0) return;
  }
  throw new Error(`refund ${refundId} did not end after the worker was killed`);
}

/** A query replays the whole workflow: who answers is recovered. Seconds from the kill to the last answer. */
async function killAndAskAll(product: Product, refundIds: readonly string[]): Promise<number> {
  const killedMs = performance.now();
  await kill(product);
  await product.worker.ready;
  await inParallel(
    refundIds,
    async (id) => {
      const { status } = await product.client.workflow.getHandle(`refund/${id}`).query(pspCall);
      if (status !== 'pending') throw new Error(`refund ${id} is ${status}`);
    },
    ASKING_AT_ONCE,
  );
  return round((performance.now() - killedMs) / 1_000);
}

/** What one more waiting refund costs. */
const slope = (from: Resting & { readonly refunds: number }, to: Resting & { readonly refunds: number }) => ({
  refunds: [from.refunds, to.refunds],
  residentKibPerRefund: round(((to.residentMib - from.residentMib) * 1024) / (to.refunds - from.refunds)),
});
