import { setTimeout as sleep } from 'node:timers/promises';
import type { PaidOrder, Side } from '../sides/side.ts';

/** An asker whose request is refused asks again after this, unless the answer names another time. */
const ASK_AGAIN_MS = 100;
const LOOK_EVERY_MS = 20;
/** Longer than the first waits between attempts of a reversal: one that waits by the rules is not lost. */
export const GIVE_UP_AFTER_MS = 180_000;

export interface Refusal {
  readonly status: number;
  readonly tookMs: number;
  readonly retryAfterMs: number | null;
}

export interface Load {
  readonly seconds: number;
  /** From the first request to the answer that the refund is open. */
  readonly ackMs: readonly number[];
  /** From the first request to the end of the refund; empty where that was not waited for. */
  readonly wholeMs: readonly number[];
  /** Answers that said: not now. */
  readonly refusals: number;
}

/** Many askers at a time: each asks for a refund, waits for the answer, and for its end where that is wanted. */
export async function closedLoop(
  side: Side,
  orders: readonly PaidOrder[],
  {
    concurrency,
    whole,
    giveUpAfterMs = GIVE_UP_AFTER_MS,
  }: { readonly concurrency: number; readonly whole: boolean; readonly giveUpAfterMs?: number },
): Promise<Load> {
  const ends = new Ends(side);
  const load = { ackMs: [] as number[], wholeMs: [] as number[], refusals: 0 };
  const startedMs = performance.now();
  const inTurn = orders.values();
  const asker = async () => {
    for (const order of inTurn) {
      const fromMs = performance.now();
      const { refusals } = await askUntilAccepted(side, order, giveUpAfterMs);
      load.refusals += refusals.length;
      load.ackMs.push(performance.now() - fromMs);
      if (!whole) continue;
      await ends.of(order.id);
      load.wholeMs.push(performance.now() - fromMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, asker));
  } finally {
    await ends.stop();
  }
  return { ...load, seconds: (performance.now() - startedMs) / 1_000 };
}

/** How long the call took that was accepted, and the refusals before it. */
export async function askUntilAccepted(
  side: Side,
  order: PaidOrder,
  giveUpAfterMs: number = GIVE_UP_AFTER_MS,
): Promise<{ readonly tookMs: number; readonly refusals: readonly Refusal[] }> {
  const untilMs = performance.now() + giveUpAfterMs;
  const refusals: Refusal[] = [];
  while (performance.now() < untilMs) {
    const fromMs = performance.now();
    const answer = await side.ask(order);
    const tookMs = performance.now() - fromMs;
    if (answer === 'accepted') return { tookMs, refusals };
    refusals.push({ ...answer, tookMs });
    await sleep(answer.retryAfterMs ?? ASK_AGAIN_MS);
  }
  throw new Error(`${side.name}: the refund of order ${order.id} was never accepted`);
}

/** Looks for all that are waited for at once: one query for all of them, not one each. */
export class Ends {
  readonly #side: Side;
  readonly #waiting = new Map<string, () => void>();
  #stopped = false;
  readonly #looking: Promise<void>;
  #failed: (error: unknown) => void = () => undefined;
  readonly #failure: Promise<never>;

  constructor(side: Side) {
    this.#side = side;
    this.#failure = new Promise((_, reject) => (this.#failed = reject));
    this.#failure.catch(() => undefined);
    this.#looking = this.#look().catch((error: unknown) => this.#failed(error));
  }

  /** Resolves when the refund of the order is over. */
  of(orderId: string): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#waiting.set(orderId, resolve)), this.#failure]);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#looking;
  }

  async #look(): Promise<void> {
    let lastMs = performance.now();
    while (!this.#stopped) {
      await sleep(LOOK_EVERY_MS);
      if (this.#waiting.size === 0) lastMs = performance.now();
      else if (await this.#settle()) lastMs = performance.now();
      if (performance.now() - lastMs < GIVE_UP_AFTER_MS) continue;
      throw new Error(`${this.#side.name}: no refund of ${this.#waiting.size} ended for a long time`);
    }
  }

  async #settle(): Promise<boolean> {
    const ended = await this.#side.ended([...this.#waiting.keys()]);
    for (const orderId of ended) {
      this.#waiting.get(orderId)?.();
      this.#waiting.delete(orderId);
    }
    return ended.length > 0;
  }
}
