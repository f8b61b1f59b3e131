import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { createEngine } from '../../engine/index.ts';
import type { SubscriptionLabel } from '../../engine/port/subscriptions.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import { readVariables } from '../../config.ts';
import type { Bench } from '../bench.ts';
import { meterCpu } from '../measure/cpu.ts';
import { type Resting, resting, round, watchMemory } from '../memory.ts';
import { inParallel } from '../sides/parallel.ts';
import { type Product, startProduct } from '../sides/product.ts';
import { type Providers, startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts } from '../stack.ts';
import { type Cohort, fillSubscriptions, labelsOf, putCardsOnFile } from './rows.ts';

const SIZES = [1_000, 100_000];
const DUE = 10_000;
/** What the PSP lets through, and what the product keeps to: a little less, since both count on their own. */
const PSP_PER_SECOND = 20;
const KEPT_TO_PER_SECOND = 19;
/** Periods that end at one moment are renewed over this time. */
const DUE_WITHIN_MS = 60_000;
const STARTING_AT_ONCE = 20;
const TRIES = 5;
const LOOK_EVERY_MS = 1_000;
const TOLD_EVERY = 5_000;
/** No more of them fall asleep, or are paid, for so long: what is left is lost. */
const GIVE_UP_AFTER_MS = 120_000;
/** Renewals begin so long after all of them sleep, if starting takes no longer than it did before. */
const SLACK_MS = 20_000;

/**
 * One worker with more and more subscriptions that sleep until their period ends: its memory. Then so many more are due
 * within a minute, while the PSP lets a few charges a second through.
 */
export const subscriptions: Bench = ({ rows: sizes = SIZES, part: due = DUE, engine, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers, { engine, say });
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say, {
      SUBSCRIPTION_CHARGE_MAX_RPS: String(KEPT_TO_PER_SECOND),
      SUBSCRIPTION_RENEWAL_JITTER: `${DUE_WITHIN_MS}ms`,
    });
    const empty = { subscriptions: 0, ...(await resting(() => product.worker.pid)) };
    say(`no subscription is open: ${empty.residentMib} MiB`);
    const curve: Point[] = [];
    for (const size of sizes) {
      const from = curve.at(-1)?.subscriptions ?? 0;
      const endsAt = sql`now() + interval '20 days'`;
      const opened = await open(product, { name: 'asleep', from, to: size, endsAt }, say);
      const point = { subscriptions: size, ...(await resting(() => product.worker.pid)), ...opened };
      curve.push(point);
      say(`${size} subscriptions sleep: ${point.residentMib} MiB`);
    }
    const slowest = Math.min(...curve.map((point) => point.startedPerSecond));
    const drained = await drainDue(product, providers, { due, startedPerSecond: slowest, closers, say });
    return { empty, curve, drained };
  });

interface Opened {
  readonly startedPerSecond: number;
  /** What it took to start one and have it fall asleep. */
  readonly startedCpuMs: Readonly<Record<string, number>>;
}
type Point = Resting & Opened & { readonly subscriptions: number };

/** Writes the rows, starts a workflow for each, and waits until all of them sleep. The rows are not measured. */
async function open(product: Product, cohort: Cohort, say: (line: string) => void): Promise<Opened> {
  await fillSubscriptions(product.database, cohort);
  const queues = taskQueuesOf(readVariables({}, TASK_QUEUE_VARIABLES));
  const ofProduct = createEngine(product.client, queues);
  const labels = await labelsOf(product.database, cohort);
  const before = await asleep(product);
  const used = meterCpu(product.pids());
  const startedMs = performance.now();
  let told = 0;
  const start = async (label: SubscriptionLabel) => {
    await insist(() => ofProduct.startSubscription(label));
    if ((told += 1) % TOLD_EVERY === 0) say(`${told} of ${labels.length} are started`);
  };
  await inParallel(labels, start, STARTING_AT_ONCE);
  await untilAll(before + labels.length, () => asleep(product));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { startedPerSecond: round(labels.length / seconds), startedCpuMs: perUnit(used(), labels.length) };
}

/** Each notes when it is due before it sleeps. */
async function asleep({ database }: Product): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM subscriptions WHERE next_due_at IS NOT NULL`;
  return row!.count;
}

const perUnit = (used: Readonly<Record<string, number>>, units: number) =>
  Object.fromEntries(Object.entries(used).map(([part, ms]) => [part, round(ms / units)]));

/** An engine that has more to do than it can is asked again: starting twice joins. */
async function insist(call: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function drainDue(
  product: Product,
  providers: Providers,
  {
    due,
    startedPerSecond,
    closers,
    say,
  }: { due: number; startedPerSecond: number; closers: (() => unknown)[]; say: (line: string) => void },
) {
  const cohort = { name: 'due', from: 0, to: due };
  const startsInMs = SLACK_MS + (due / startedPerSecond) * 1_000;
  // The cards are put on file meanwhile; only then does the PSP count.
  const at = new Date(Date.now() + startsInMs + (due / startedPerSecond) * 1_000);
  await open(product, { ...cohort, endsAt: sql`${at.toISOString()}::timestamptz` }, say);
  await putCardsOnFile(product.database, providers, product.pspUrl, cohort);
  if (Date.now() > at.getTime()) throw new Error('the first renewals were due before all of them slept');
  await providers.control(product.pspUrl, 'setRateLimit', { perSecond: PSP_PER_SECOND });
  await fetch(`${product.pspUrl}/_sandbox/requests`, { method: 'DELETE' });
  await sleep(Math.max(at.getTime() - Date.now(), 0));
  say(`${due} subscriptions are due within ${DUE_WITHIN_MS / 1_000} s`);
  const memory = watchMemory(() => product.worker.pid);
  closers.push(() => memory.stop());
  const used = meterCpu(product.pids());
  const startedMs = performance.now();
  let told = 0;
  const { reached: renewed, endedMs } = await untilAll(due, async () => {
    const [row] = await product.database.sql<{ count: number }[]>`
      SELECT count(*)::int AS count FROM invoices WHERE reason = 'renewal' AND status = 'paid'`;
    if (row!.count - told >= due / 10) say(`${(told = row!.count)} of ${due} are renewed`);
    return row!.count;
  });
  const seconds = (endedMs - startedMs) / 1_000;
  const cpuMs = perUnit(used(), due);
  const limitSeconds = due / KEPT_TO_PER_SECOND;
  return {
    due,
    pspPerSecond: PSP_PER_SECOND,
    keptToPerSecond: KEPT_TO_PER_SECOND,
    seconds: round(seconds),
    limitSeconds: round(limitSeconds),
    timesLimit: round(seconds / limitSeconds),
    lost: due - renewed,
    psp: await chargesOf(product.pspUrl),
    cpuMs,
    workerMib: memory.stop(),
  };
}

/** Until all are there, or no more have come for long. */
async function untilAll(wanted: number, count: () => Promise<number>) {
  let reached = 0;
  let endedMs = performance.now();
  while (reached < wanted && performance.now() - endedMs < GIVE_UP_AFTER_MS) {
    const now = await count();
    if (now > reached) [reached, endedMs] = [now, performance.now()];
    if (reached < wanted) await sleep(LOOK_EVERY_MS);
  }
  return { reached, endedMs };
}

/** Charges that the PSP's stand-in was asked for, and how many of them it refused for their rate. */
async function chargesOf(pspUrl: string) {
  const answer = await fetch(`${pspUrl}/_sandbox/requests?operation=payments.create`);
  const { requests } = (await answer.json()) as {
    requests: readonly { status: number | null; at: string }[];
  };
  const bySecond = new Map<string, number>();
  for (const { at } of requests) bySecond.set(at.slice(0, 19), (bySecond.get(at.slice(0, 19)) ?? 0) + 1);
  return {
    charges: requests.length,
    refused429: requests.filter(({ status }) => status === 429).length,
    mostInOneSecond: Math.max(0, ...bySecond.values()),
  };
}
