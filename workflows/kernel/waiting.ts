import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type { Attempt } from '../../domain/kernel/messages.ts';
import { describe, show } from './visibility.ts';

export type Wait = Extract<Attempt<string>, { ended: false }>;

/**
 * The state of work whose first attempt has no answer yet. Its key is known before the call, and can be found in
 * Stripe's log.
 */
export function firstAttempt(idempotencyKey: string, generation: number): Wait {
  return {
    ended: false,
    retryCount: 0,
    nextAttemptAt: new Date().toISOString(),
    delayMs: 0,
    lastError: null,
    waitingFor: null,
    generation,
    idempotencyKey,
  };
}

/** Waits until the next attempt's time, or until it is woken; the timer is durable and has a name in the UI. */
export async function untilDue(wait: Wait, isWoken: () => boolean): Promise<void> {
  const summary =
    wait.waitingFor === null ? `after failed attempt ${wait.retryCount}` : `for ${wait.waitingFor}`;
  await CancellationScope.cancellable(async () => {
    await Promise.race([
      sleep(Math.max(wait.delayMs, 1), { summary: `Waits ${summary}` }),
      condition(isWoken),
    ]);
    // The one that lost is not needed any more.
    CancellationScope.current().cancel();
  }).catch((error: unknown) => {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
  });
}

/** What an operator sees while the first call to Stripe is under way. */
export function showAsking({ idempotencyKey = null }: Wait, what: string): void {
  describe(
    [],
    [
      ['State', `${what} is asked of Stripe`],
      ['Idempotency key', idempotencyKey],
    ],
  );
}

/** What an operator sees of work that waits: in lists by search attributes, on its page by the details. */
export function showWaiting(wait: Wait, what: string, actions: readonly string[]): void {
  show({ VezaRetryCount: wait.retryCount, VezaNextAttemptAt: new Date(wait.nextAttemptAt) });
  describe(actions, [
    [
      'State',
      wait.waitingFor === null ? `${what} failed and is retried` : `${what} waits for ${wait.waitingFor}`,
    ],
    ['Failed attempts', String(wait.retryCount)],
    ['Last error', wait.lastError],
    ['Next attempt', wait.nextAttemptAt],
    ['Idempotency key', wait.idempotencyKey ?? null],
  ]);
}

export function showEnded(attempt: Extract<Attempt<string>, { ended: true }>, status: string): void {
  show({ VezaStatus: status, ...(attempt.retryCount > 0 && { VezaRetryCount: attempt.retryCount }) });
  describe(
    attempt.status === 'permanently_failed'
      ? [
          'Retry it, settle it outside, or write it off: each with a reason, in the ops console or by `npm run ops`.',
        ]
      : [],
    [
      ['State', attempt.status],
      ['Message', attempt.message],
      ['Idempotency key', attempt.idempotencyKey ?? null],
    ],
  );
}
