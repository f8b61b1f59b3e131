import { Admission } from '../kernel/index.ts';
import type { SubscriptionsConfig } from './config.ts';

/** An ask with a payment waits so long for the PSP's answer (engine/port/subscriptions.ts): no sign of a slow engine. */
const PAYMENT_ANSWER_WAIT_MS = 5_000;

/** How many asks of subscriptions wait for the engine at a time. */
export const createAskAdmission = ({
  ENGINE_CALLS_MAX: atATimeMax,
  ENGINE_WAIT_MAX: answerWithinMs,
}: SubscriptionsConfig) =>
  // A slow PSP lets many wait, which costs the engine nothing.
  new Admission({ atATimeMax, answerWithinMs, atATimeAtFirst: atATimeMax, workMs: PAYMENT_ANSWER_WAIT_MS });
