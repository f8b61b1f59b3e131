import { setTimeout as sleep } from 'node:timers/promises';
import type { PaidOrder, Side } from '../sides/side.ts';

/** A refusal that names no time is asked again after this. */
const ASK_AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 250;
/** So long after the last refund that ended, those that are still open count as lost. */
const LOST_AFTER_MS = 60_000;

export interface Refusal {
  readonly status: number;
  readonly tookMs: number;
  readonly retryAfterMs: number | null;
}

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
  /** Accepted, and never over. */
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
    for (;;) {
      const fromMs = performance.now();
      const answer = await side.ask(order);
      const tookMs = performance.now() - fromMs;
      if (answer === 'accepted') {
        load.ackMs.push(tookMs);
        load.acceptedAfterMs.push(performance.now() - firstMs);
        return;
      }
      load.refusals.push({ ...answer, tookMs });
      await sleep(answer.retryAfterMs ?? ASK_AGAIN_MS);
    }
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
  while (open.size > 0 && performance.now() - lastMs < LOST_AFTER_MS) {
    const ended = await side.ended([...open]);
    for (const id of ended) open.delete(id);
    if (ended.length > 0) lastMs = performance.now();
    if (open.size > 0) await sleep(LOOK_EVERY_MS);
  }
  return { lastMs, lost: open.size };
}
