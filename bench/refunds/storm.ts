import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { meterCpu } from '../measure/cpu.ts';
import { quantile } from '../measure/figures.ts';
import { closedLoop, GIVE_UP_AFTER_MS } from '../measure/load.ts';
import { residentMib, round, watchMemory } from '../memory.ts';
import { type Product, startProduct } from '../sides/product.ts';
import { startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts } from '../stack.ts';
import { carriedPerSecond } from './overload.ts';

const UNITS = 10_000;
/** What Stripe lets through, and what the product keeps to: a little less, since both count on their own. */
const STRIPE_PER_SECOND = 100;
const KEPT_TO_PER_SECOND = 95;
/** More would tell of the driver's sockets. */
const ASKING_AT_ONCE = 500;
/** Nobody gives up before so many times of what all should take: acknowledgements go before reversals. */
const PATIENCE = 3;
const LOOK_EVERY_MS = 1_000;

/**
 * Refunds in one burst, while Stripe lets a hundred reversals a second through. What limits it is Stripe, or what the
 * engine carries on this machine, which is measured just before.
 */
export const storm: Bench = ({ part: units = UNITS, engine, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers, { engine, say });
    const providers = await startProviders(['veza'], closers, say);
    const settings = { STRIPE_MAX_RPS: String(KEPT_TO_PER_SECOND) };
    const product = await startProduct(parts, providers, closers, say, settings);
    const carried = await carriedPerSecond(product);
    say(`without a limit at Stripe, ${round(carried)} refunds a second are carried`);
    const orders = await product.prepare(units);
    await providers.control(providers.stripeUrl, 'setRateLimit', { perSecond: STRIPE_PER_SECOND });
    await fetch(`${providers.stripeUrl}/_sandbox/requests`, { method: 'DELETE' });
    const emptyMib = residentMib(product.worker.pid) ?? NaN;
    const memory = watchMemory(() => product.worker.pid);
    closers.push(() => memory.stop());
    const used = meterCpu(product.pids());
    say(`${units} refunds in one burst`);

    const stripeSeconds = units / STRIPE_PER_SECOND;
    const engineSeconds = units / carried;
    const giveUpAfterMs = GIVE_UP_AFTER_MS + PATIENCE * engineSeconds * 1_000;
    const startedMs = performance.now();
    const [asked, { endedMs, reversed }] = await Promise.all([
      closedLoop(product, orders, {
        concurrency: Math.min(units, ASKING_AT_ONCE),
        whole: false,
        giveUpAfterMs,
      }).finally(() => say('nobody asks any more')),
      untilReversed(product, { units, giveUpAfterMs, say }),
    ]);
    const seconds = (endedMs - startedMs) / 1_000;
    const cpuMs = Object.entries(used()).map(([part, ms]) => [part, ms / units] as const);
    const calls = await callsOf(providers.stripeUrl);
    return {
      units,
      stripePerSecond: STRIPE_PER_SECOND,
      keptToPerSecond: KEPT_TO_PER_SECOND,
      acknowledgedSeconds: round(asked.seconds),
      ackP50Ms: round(quantile(asked.ackMs, 0.5)),
      ackP99Ms: round(quantile(asked.ackMs, 0.99)),
      refusals: asked.refusals,
      reversedSeconds: round(seconds),
      lost: units - reversed,
      stripe: calls,
      /** The two limits: what Stripe lets through, and what this engine on this machine carries. */
      carriedPerSecond: round(carried),
      stripeLimitSeconds: round(stripeSeconds),
      engineLimitSeconds: round(engineSeconds),
      timesStripeLimit: round(seconds / stripeSeconds),
      timesHigherLimit: round(seconds / Math.max(stripeSeconds, engineSeconds)),
      cpuMs: Object.fromEntries(cpuMs.map(([part, ms]) => [part, round(ms)])),
      /** Processors that each part would have to have for Stripe to be the limit. */
      processorsForStripeLimit: Object.fromEntries(
        cpuMs.map(([part, ms]) => [part, round((ms * STRIPE_PER_SECOND) / 1_000)]),
      ),
      workerEmptyMib: Math.round(emptyMib),
      workerMib: memory.stop(),
    };
  });

/** Until all are reversed, or none has been for a long time. */
async function untilReversed(
  { database }: Product,
  {
    units,
    giveUpAfterMs,
    say,
  }: { readonly units: number; readonly giveUpAfterMs: number; readonly say: (line: string) => void },
) {
  const count = async () => {
    const [row] = await database.sql<{ reversed: number }[]>`
      SELECT count(*)::int AS reversed FROM transfer_reversals WHERE status = 'reversed'`;
    return row!.reversed;
  };
  const before = await count();
  let reversed = 0;
  let endedMs = performance.now();
  let told = 0;
  while (reversed < units && performance.now() - endedMs < giveUpAfterMs) {
    await sleep(LOOK_EVERY_MS);
    const now = (await count()) - before;
    if (now > reversed) [reversed, endedMs] = [now, performance.now()];
    if (reversed - told < units / 10) continue;
    told = reversed;
    say(`${reversed} of ${units} are reversed`);
  }
  return { endedMs, reversed };
}

/** Calls for a reversal that Stripe's stand-in has received, and how many of them it refused for their rate. */
async function callsOf(stripeUrl: string) {
  const answer = await fetch(`${stripeUrl}/_sandbox/requests?operation=transfers.createReversal`);
  const { requests } = (await answer.json()) as {
    requests: readonly { status: number | null; at: string }[];
  };
  const bySecond = new Map<string, number>();
  for (const { at } of requests) bySecond.set(at.slice(0, 19), (bySecond.get(at.slice(0, 19)) ?? 0) + 1);
  return {
    calls: requests.length,
    refused429: requests.filter(({ status }) => status === 429).length,
    mostInOneSecond: Math.max(0, ...bySecond.values()),
  };
}
