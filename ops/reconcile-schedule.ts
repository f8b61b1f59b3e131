import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { RECONCILE_SCHEDULE_ID } from '../domain/reconcile/index.ts';

/**
 * A sweep that hangs would keep all later ones from starting. To start a million workflows again after Temporal was
 * rebuilt takes half an hour; a plain sweep takes seconds.
 */
const SWEEP_TIMEOUT = '2h';
/** One sweep makes up for all that were missed while Temporal was away. */
const CATCHUP_WINDOW = '1h';

export interface ScheduleTerms {
  readonly taskQueue: string;
  readonly everyMs: number;
  /** Why the schedule is made paused; null where it runs. An existing schedule stays paused or running as it is. */
  readonly off: string | null;
}

/** Makes the schedule of the sweep, or updates the existing one. Repeatable. */
export async function ensureSweepSchedule(client: Client, terms: ScheduleTerms): Promise<'made' | 'updated'> {
  const { taskQueue, everyMs, off } = terms;
  const action = {
    type: 'startWorkflow',
    workflowType: 'reconcile',
    workflowId: RECONCILE_SCHEDULE_ID,
    taskQueue,
    args: [{ drain: false }],
    workflowExecutionTimeout: SWEEP_TIMEOUT,
    staticSummary: 'Sweep, by schedule',
  } as const;
  const spec = { intervals: [{ every: everyMs }] };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW } as const;
  try {
    await client.schedule.create({
      scheduleId: RECONCILE_SCHEDULE_ID,
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
    .getHandle(RECONCILE_SCHEDULE_ID)
    .update((previous) => ({ state: previous.state, action, spec, policies }));
  return 'updated';
}
