import { setTimeout as sleep } from 'node:timers/promises';
import type { PaidOrder, Side } from '../sides/side.ts';
import { askUntilAccepted, GIVE_UP_AFTER_MS, type Refusal } from './load.ts';

const LOOK_EVERY_MS = 250;

export interface OpenLoad {
  /** Of each accepted refund, how long the call took that was accepted. */
  readonly ackMs: readonly number[];
  /** Of each, from when it was first asked for until it was accepted, its waits between included. */
  readonly acceptedAfterMs: readonly number[];
  readonly refusals: readonly Refusal[];
  /** From the first request until the last one was accepted. */
  readonly acceptedSeconds: number;
  /** From the first request until the last refund was over. */
  readonly doneSeconds: number;
  /** Accepted, and still open when nothing had ended for a long time. */
  readonly lost: number;
}

/**
 * Asks for refunds at a rate, whether the earlier ones are answered or not, as people do. Who is refused asks again
 * when the answer says so. Then waits until all are over.
 */
export async function openLoop(
  side: Side,
  orders: readonly PaidOrder[],
  perSecond: number,
): Promise<OpenLoad> {
  const load = { ackMs: [] as number[], acceptedAfterMs: [] as number[], refusals: [] as Refusal[] };
  const startedMs = performance.now();
  const asker = async (order: PaidOrder) => {
    const firstMs = performance.now();
    const { tookMs, refusals } = await askUntilAccepted(side, order);
    load.ackMs.push(tookMs);
    load.acceptedAfterMs.push(performance.now() - firstMs);
    load.refusals.push(...refusals);
  };
  const askers: Promise<void>[] = [];
  for (const [number, order] of orders.entries()) {
    const dueMs = startedMs + (number * 1_000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    askers.push(asker(order));
  }
  await Promise.all(askers);
  const acceptedSeconds = (performance.now() - startedMs) / 1_000;
  const { lastMs, lost } = await untilOver(side, new Set(orders.map(({ id }) => id)));
  return { ...load, acceptedSeconds, doneSeconds: (lastMs - startedMs) / 1_000, lost };
}

async function untilOver(side: Side, open: Set<string>): Promise<{ lastMs: number; lost: number }> {
  let lastMs = performance.now();
  while (open.size > 0 && performance.now() - lastMs < GIVE_UP_AFTER_MS) {
    const ended = await side.ended([...open]);
    for (const id of ended) open.delete(id);
    if (ended.length > 0) lastMs = performance.now();
    if (open.size > 0) await sleep(LOOK_EVERY_MS);
  }
  return { lastMs, lost: open.size };
}
