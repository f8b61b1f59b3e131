import { CancellationScope, condition, sleep } from '@temporalio/workflow';

/** A timer that is due this much earlier than is wanted now is kept: whoever wakes too early is told how long to wait. */
const KEPT_WHEN_EARLIER_MS = 1_000;

interface Timer {
  readonly dueMs: number;
  readonly scope: CancellationScope;
  hasFired: boolean;
}

/**
 * One timer at a time. Being woken does not cancel it: the next wait goes on with it, or a run that ends takes it along,
 * which saves an event either way.
 */
export class Sleep {
  #timer: Timer | undefined;

  /** Waits until the time is over, or until it is woken; true where the time is over. */
  async until(
    { delayMs, summary }: { readonly delayMs: number; readonly summary: string },
    isWoken: () => boolean,
  ): Promise<boolean> {
    const timer = this.#timerFor(Date.now() + delayMs, summary);
    await condition(() => timer.hasFired || isWoken());
    if (timer.hasFired) this.#timer = undefined;
    return timer.hasFired;
  }

  #timerFor(dueMs: number, summary: string): Timer {
    const kept = this.#timer;
    const earlierMs = kept === undefined ? -1 : dueMs - kept.dueMs;
    if (kept !== undefined && earlierMs >= 0 && earlierMs <= KEPT_WHEN_EARLIER_MS) return kept;
    kept?.scope.cancel();
    const timer: Timer = { dueMs, scope: new CancellationScope(), hasFired: false };
    timer.scope
      .run(() => sleep(Math.max(dueMs - Date.now(), 1), { summary }))
      .then(
        () => void (timer.hasFired = true),
        () => undefined,
      );
    this.#timer = timer;
    return timer;
  }
}
