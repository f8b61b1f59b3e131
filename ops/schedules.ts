import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { MAILS_SCHEDULE_ID } from '../domain/accounts/index.ts';
import { DELETIONS_SCHEDULE_ID } from '../domain/privacy/index.ts';
import { RECONCILE_SCHEDULE_ID } from '../domain/reconcile/index.ts';
import { REVENUE_SCHEDULE_ID } from '../domain/subscriptions/index.ts';
import { SCHEDULED_UPKEEP, UPKEEP_SCHEDULE_ID } from '../domain/upkeep/index.ts';

/**
 * A sweep that hangs would keep all later ones from starting. To start a million workflows again after Temporal was
 * rebuilt takes half an hour; a plain sweep takes seconds.
 */
const SWEEP_TIMEOUT = '2h';
/** A day's revenue of a million invoices takes minutes. */
const REVENUE_TIMEOUT = '12h';
/** One run makes up for all that were missed while Temporal was away. */
const CATCHUP_WINDOW = '1h';
/** Whoever hangs for longer than ten rounds is not needed: each round looks at all that waits. */
const MAILS_TIMEOUT = '10m';
/** The first one after years removes millions of rows; then each takes seconds. */
const UPKEEP_TIMEOUT = '2h';
/** How long a mail waits at most before its workflow is started. */
const MAILS_EVERY_MS = 60_000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** However fast billing time runs. */
const REVENUE_NOT_OFTENER_MS = 60_000;

type Made = 'made' | 'updated';

interface Scheduled {
  readonly scheduleId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly args: readonly object[];
  readonly workflowExecutionTimeout: '10m' | '2h' | '12h';
  readonly staticSummary: string;
  readonly everyMs: number;
  /** Why the schedule is made paused; null where it runs. An existing schedule stays paused or running as it is. */
  readonly off: string | null;
}

/** Makes the schedule of the sweep, or updates the existing one. Repeatable. */
export const ensureSweepSchedule = (
  client: Client,
  terms: Pick<Scheduled, 'taskQueue' | 'everyMs' | 'off'>,
): Promise<Made> =>
  ensure(client, {
    ...terms,
    scheduleId: RECONCILE_SCHEDULE_ID,
    workflowType: 'reconcile',
    args: [{ drain: false }],
    workflowExecutionTimeout: SWEEP_TIMEOUT,
    staticSummary: 'Sweep, by schedule',
  });

/** The same of the daily recognition of revenue. A day of billing time is shorter where that runs faster. */
export const ensureRevenueSchedule = (
  client: Client,
  { taskQueue, timeScale }: Pick<Scheduled, 'taskQueue'> & { readonly timeScale: number },
): Promise<Made> =>
  ensure(client, {
    taskQueue,
    everyMs: Math.max(Math.ceil(DAY_MS / timeScale), REVENUE_NOT_OFTENER_MS),
    off: null,
    scheduleId: REVENUE_SCHEDULE_ID,
    workflowType: 'revenue',
    args: [{}],
    workflowExecutionTimeout: REVENUE_TIMEOUT,
    staticSummary: 'Revenue of a day, by schedule',
  });

/** The same of the start of mails that wait. */
export const ensureMailsSchedule = (
  client: Client,
  { taskQueue }: Pick<Scheduled, 'taskQueue'>,
): Promise<Made> =>
  ensure(client, {
    taskQueue,
    everyMs: MAILS_EVERY_MS,
    off: null,
    scheduleId: MAILS_SCHEDULE_ID,
    workflowType: 'mails',
    args: [{}],
    workflowExecutionTimeout: MAILS_TIMEOUT,
    staticSummary: 'Mails that wait, by schedule',
  });

/** The same of deletions that wait for nothing any more. */
export const ensureDeletionsSchedule = (
  client: Client,
  { taskQueue }: Pick<Scheduled, 'taskQueue'>,
): Promise<Made> =>
  ensure(client, {
    taskQueue,
    everyMs: MAILS_EVERY_MS,
    off: null,
    scheduleId: DELETIONS_SCHEDULE_ID,
    workflowType: 'deletions',
    args: [{}],
    workflowExecutionTimeout: MAILS_TIMEOUT,
    staticSummary: 'Deletions that wait for nothing any more, by schedule',
  });

/** The same of the upkeep. Mails that wait are started by a schedule of their own, above. */
export const ensureUpkeepSchedule = (
  client: Client,
  terms: Pick<Scheduled, 'taskQueue' | 'everyMs'>,
): Promise<Made> =>
  ensure(client, {
    ...terms,
    off: null,
    scheduleId: UPKEEP_SCHEDULE_ID,
    workflowType: 'upkeep',
    args: [{ phases: SCHEDULED_UPKEEP }],
    workflowExecutionTimeout: UPKEEP_TIMEOUT,
    staticSummary: 'Upkeep, by schedule',
  });

async function ensure(client: Client, scheduled: Scheduled): Promise<Made> {
  const { scheduleId, everyMs, off, workflowType, taskQueue, workflowExecutionTimeout, staticSummary } =
    scheduled;
  const action = {
    type: 'startWorkflow',
    workflowId: scheduleId,
    workflowType,
    taskQueue,
    args: [...scheduled.args],
    workflowExecutionTimeout,
    staticSummary,
  } as const;
  const spec = { intervals: [{ every: everyMs }] };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW } as const;
  try {
    await client.schedule.create({
      scheduleId,
      action,
      spec,
      policies,
      ...(off !== null && { state: { paused: true, note: `off: ${off}` } }),
    });
    return 'made';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await client.schedule
    .getHandle(scheduleId)
    .update((previous) => ({ state: previous.state, action, spec, policies }));
  return 'updated';
}
