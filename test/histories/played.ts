/**
 * `runId`: of the run that went on as a new one. `open`: the history is taken while the workflow waits, as an upgrade
 * will find it.
 */
export interface Played {
  readonly workflowId: string;
  readonly runId?: string;
  readonly open?: () => Promise<unknown>;
}
