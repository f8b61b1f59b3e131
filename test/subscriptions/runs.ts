import type { World } from '../harness/world.ts';

/** The events of each run, the first run first; the last one may still be open. */
export async function runsOf(
  world: World,
  id: string,
): Promise<{ readonly names: readonly string[]; readonly isOpen: boolean }[]> {
  const workflowId = `subscription/${id}`;
  const runs = [];
  for await (const { runId, status } of world.temporal.workflow.list({
    query: `WorkflowId = "${workflowId}"`,
  })) {
    const { events } = await world.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const names = (events ?? []).map(
      (event) => Object.keys(event).find((key) => key.endsWith('Attributes')) ?? '',
    );
    runs.push({
      names,
      isOpen: status.name === 'RUNNING',
      startedMs: Number(events?.[0]?.eventTime?.seconds ?? 0),
    });
  }
  return runs.toSorted((a, b) => a.startedMs - b.startedMs);
}

const TASK = ['Scheduled', 'Started', 'Completed'].map((name) => `workflowTask${name}EventAttributes`);

/** How many events a run has, but for tasks that only say that a slow machine is still at its local activities. */
export function costOf(names: readonly string[]): number {
  const isTask = (at: number) => TASK.every((name, index) => names[at + index] === name);
  return names.length - 3 * names.filter((_, at) => at >= 3 && isTask(at) && isTask(at - 3)).length;
}
