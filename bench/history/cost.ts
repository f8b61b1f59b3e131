import proto from '@temporalio/proto';

const { EventType } = proto.temporal.api.enums.v1;
type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

/** What a piece of work has cost the engine, over all of its histories. */
export interface EngineCost {
  readonly events: number;
  readonly workflowTasks: number;
  /** By the rules of Temporal Cloud (https://docs.temporal.io/evaluate/cloud/actions, read in November 2026). */
  readonly actions: number;
}

/** A workflow started as a child costs two: what is meant to be started is kept, and then started. */
const CHILD_ACTIONS = 2;

const ONE_ACTION: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
]);

/**
 * Counts events, workflow tasks and billable actions. Markers of one workflow task are one action, however many local
 * activities it ran; search attributes of a start cost nothing, and neither does the version that `patched` keeps.
 * Not in a history, and so added by whoever knows: `unseenRetries` of activities that had not come back when their workflow
 * closed, heartbeats of activities, and queries.
 */
export function costOf(histories: readonly (readonly HistoryEvent[])[], unseenRetries = 0): EngineCost {
  let [events, workflowTasks, actions] = [0, 0, unseenRetries];
  for (const history of histories) {
    events += history.length;
    const tasksWithMarkers = new Set<string>();
    for (const [index, event] of history.entries()) {
      const type = Number(event.eventType);
      if (ONE_ACTION.has(type)) actions += 1;
      else if (type === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED) {
        // A child's start was counted with what was meant to be started.
        if (!event.workflowExecutionStartedEventAttributes?.parentWorkflowExecution) actions += 1;
      } else if (type === EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED) {
        actions += CHILD_ACTIONS;
      } else if (type === EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED) {
        actions += (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1;
      } else if (type === EventType.EVENT_TYPE_MARKER_RECORDED) {
        tasksWithMarkers.add(String(event.markerRecordedEventAttributes?.workflowTaskCompletedEventId));
      } else if (type === EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES) {
        const { searchAttributes } = event.upsertWorkflowSearchAttributesEventAttributes ?? {};
        const names = Object.keys(searchAttributes?.indexedFields ?? {});
        if (names.some((name) => name !== 'TemporalChangeVersion')) actions += 1;
      } else if (type === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) {
        workflowTasks += 1;
        // Its successor at once: a heartbeat, while a local activity went on.
        if (Number(history[index + 1]?.eventType) === EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
          actions += 1;
      }
    }
    actions += tasksWithMarkers.size;
  }
  return { events, workflowTasks, actions };
}
