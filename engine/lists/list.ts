/** A list of workflows that Temporal's UI, or `temporal workflow list --query`, shows. */
export interface WorkflowList {
  /** What commands and tests call it. */
  readonly key: string;
  readonly title: string;
  /** In Temporal's words: https://docs.temporal.io/list-filter. */
  readonly query: string;
  /** When an operator looks at it. */
  readonly about: string;
}

export const RUNNING = 'ExecutionStatus = "Running"';
