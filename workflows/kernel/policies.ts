import type { VersioningBehavior, WorkflowDefinitionOptions } from '@temporalio/common';
import { type ActivityOptions, type LocalActivityOptions, workflowInfo } from '@temporalio/workflow';

// Every timeout and every retry of the engine, with its reason. Waits between calls to providers are not here: they are
// settings, read at each attempt.

/**
 * A wait for a local activity's next attempt that is longer than this is a timer of the server, and the workflow task ends
 * meanwhile; shorter ones are spent within the task. Less than the longest wait, or there would never be a timer.
 */
const WAITED_WITHIN_TASK = '5s';

/**
 * A verb of the database, run inside the workflow task: one transaction of milliseconds, safe to run twice.
 * It is retried for as long as the database is away; after some six seconds the waits are server timers, so that a
 * database that is down for an hour does not keep workflow tasks busy.
 */
export const databaseVerb = {
  startToCloseTimeout: '10s',
  localRetryThreshold: WAITED_WITHIN_TASK,
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const satisfies LocalActivityOptions;

/**
 * The server repeats the call until the PSP answers, and shows the attempt, the last error and the next time. One
 * attempt is a creating call and a look-up of 10 s each. A worker that dies is noticed by its missing heartbeats. The
 * activity sets its own delays (PSP_RETRY_BASE, PSP_RETRY_MAX); the policy here serves when the database is away.
 */
export const askPsp = {
  startToCloseTimeout: '45s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * One attempt at Stripe: a call and its look-ups. What Stripe answers comes back as the attempt's result, so retries
 * here are only for a dead worker or a database that is away; both repeat with the same idempotency key.
 */
export const attemptStripe = {
  startToCloseTimeout: '2m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * The first attempt of a reversal, inside a workflow task: its own, or that of the refund that opened it. Longer than
 * Stripe's call and look-up of 10 s each; the key makes a second run harmless. Repeated while the database is away, or
 * Temporal starts no workflow for a reversal.
 */
export const attemptStripeDirectly = {
  startToCloseTimeout: '30s',
  localRetryThreshold: WAITED_WITHIN_TASK,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const satisfies LocalActivityOptions;

/**
 * No activity runs longer than this, so by then a terminated workflow's last request has arrived, or never will. A
 * sweep that twice finds a refund missing, further apart than this, may believe it.
 */
export const LONGEST_ACTIVITY_MS = 10 * 60 * 1000;

/**
 * A batch of look-ups at Stripe for the backfill: 50 calls of 10 s at the very most. Heartbeats carry what is done,
 * so a repeat goes on from there. It is never given up: somebody who does not want to wait terminates the workflow.
 */
export const backfillBatch = {
  startToCloseTimeout: LONGEST_ACTIVITY_MS,
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * A batch of a sweep: RECONCILE_BATCH rows, in a drain four times as many, a call of 10 s to the PSP and some of 5 s
 * to Temporal each, at RECONCILE_CONCURRENCY at a time. Heartbeats carry what is done. It is repeated only after a
 * dead worker or while the database is away; a row that cannot be looked at is left. A batch that ends five workers
 * is given up, and the next sweep begins behind it.
 */
export const sweepBatch = {
  startToCloseTimeout: LONGEST_ACTIVITY_MS,
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 5 },
} as const satisfies ActivityOptions;

/**
 * Some transactions over a settlement file's rows, each of seconds at most, or of as many as there are claims to remove. A
 * committed transaction stays done, so a repeat goes on behind it. Never given up: the file waits in the database.
 */
export const settlementSlice = {
  startToCloseTimeout: LONGEST_ACTIVITY_MS,
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions;

/**
 * One attempt at the mail server: SMTP_TIMEOUT, 20 s at most, and two transactions. What the server says is the result;
 * the policy serves when the worker dies or the database is away.
 */
export const attemptMailServer = {
  startToCloseTimeout: '75s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** Starts of 200 workflows, 5 s each at most, ten at a time. The schedule comes again in a minute: nothing hangs on one of these. */
export const startMails = {
  startToCloseTimeout: '2m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 5 },
} as const satisfies ActivityOptions;

/**
 * A batch of an upkeep, run inside the workflow task, which lasts as long: a hundred rows, each a transaction of milliseconds, or
 * of some seconds where a session has years of refresh tokens. Safe to run twice; retried as `databaseVerb` is.
 */
export const upkeepRows = {
  ...databaseVerb,
  startToCloseTimeout: '2m',
} as const satisfies LocalActivityOptions;

/**
 * The file of a copy of somebody's data: it lasts as long as there is to read, and calls no payment service, so a sweep need not
 * reckon with it (`LONGEST_ACTIVITY_MS`). What is in the way comes back as its result; repeats here are for a dead worker, for a
 * database that is away, and for a worker that makes other copies.
 */
export const buildCopy = {
  startToCloseTimeout: '6h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * A step of an erasing: a person's rows in batches, or providers that may be away for days. It is never given up; a repeat goes on
 * where the last one came to.
 */
export const erasingStep = {
  startToCloseTimeout: '6h',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '10m' },
} as const satisfies ActivityOptions;

/** Opens a payout in each currency, which waits for its workflow's first task; safe to run twice. */
export const openPayouts = {
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
} as const satisfies ActivityOptions;

/** Before and after the batches of a sweep: reads and writes of settings, and a question to Temporal. */
export const aroundSweep = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions;

/** How long the answer to a purchase waits for the PSP; the workflow goes on asking after that. */
export const PAYMENT_ANSWER_WAIT = '5s';

/** A payment that is still underway when its time is over is looked at again this often. */
export const UNDERWAY_PAYMENT_LOOK_MS = 60 * 60 * 1000;

/**
 * A dispute's report that waits for a transfer under way is booked again after each of these times; later the sweeps
 * do it.
 */
export const DISPUTE_LOOKS_MS: readonly number[] = [1, 5, 15, 30, 60, 120, 300, 600].map((s) => s * 1_000);

/** A payout whose webhook has not come is looked at again this often: banks take days, and webhooks get lost. */
export const UNDERWAY_PAYOUT_LOOK_MS = 6 * 60 * 60 * 1000;

/**
 * Ends within minutes: it stays on the version that it began on, whose workers run until nothing of it is open. Its
 * code may change freely: what is open does not run on it.
 */
export const STAYS_ON_ITS_VERSION = whereVersioned('PINNED');

/**
 * May be open for days or a year, longer than anybody keeps old workers: it moves to the current version at its next
 * step, so a change of its code needs `patched()` and a replay of the recorded histories (docs/upgrading.md).
 */
export const MOVES_TO_NEW_VERSIONS = whereVersioned('AUTO_UPGRADE');

/** A worker outside any deployment must not name a version: the server would refuse all that it completes. */
function whereVersioned(versioningBehavior: VersioningBehavior): () => WorkflowDefinitionOptions {
  return () => (workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior } : {});
}
