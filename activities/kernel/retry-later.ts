import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { type BackoffPolicy, backoffDelayMs } from '../../domain/kernel/backoff.ts';

/** `HTTP 500 HE_00: what the provider wrote`: its sentence may name people, and a failure stands in a history. */
const SENTENCE = /^(HTTP \d{3}(?: [\w.-]+)?): .*$/s;
export const withoutSentence = (reason: string): string => reason.replace(SENTENCE, '$1');

/**
 * Hands the attempt back to the server, which shows it as pending with this message and its next attempt. The delay is
 * taken from the settings of this moment instead of a retry policy that was frozen when the activity was scheduled. The message is
 * ours, a status or a code, and never what a provider wrote.
 */
export function retryLater(
  type: string,
  message: string,
  policy: BackoffPolicy,
  retryAfterMs = 0,
): ApplicationFailure {
  const delayMs = Math.max(backoffDelayMs(activityInfo().attempt - 1, policy), retryAfterMs);
  return ApplicationFailure.create({ type, message, nextRetryDelay: delayMs });
}

/**
 * This worker does not serve this work by its settings: the work stays pending, where people see it, until a worker
 * that serves it takes it.
 */
export function notServedHere(variable: string, intervalMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'not_served_here',
    message: `${variable}=false on this worker: waiting for one that serves it`,
    nextRetryDelay: intervalMs,
  });
}
