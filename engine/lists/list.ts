/** A list of workflows that Temporal's UI, or `temporal workflow list --query`, shows. */
export interface WorkflowList {
  /** What commands and tests call it. */
  readonly key: string;
  readonly title: string;
  /** In Temporal's words: https://docs.temporal.io/list-filter. */
  readonly query: string;
  /** Of runs alone that began so long ago. A query knows no "now", so `queryAt` adds the moment. */
  readonly runningForMs?: number;
  /** When an operator looks at it. */
  readonly about: string;
}

/** The query of a list as it is to be asked now. */
export const queryAt = (
  { query, runningForMs }: Pick<WorkflowList, 'query' | 'runningForMs'>,
  now: Date,
): string =>
  runningForMs === undefined
    ? query
    : `${query} AND StartTime < "${new Date(now.getTime() - runningForMs).toISOString()}"`;

export const RUNNING = 'ExecutionStatus = "Running"';
