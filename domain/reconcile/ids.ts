/** There is one drain at a time. Sweeps may overlap: they find each other's work done. */
export const DRAIN_WORKFLOW_ID = 'reconcile/drain';
export const sweepWorkflowId = (sweepId: string) => `reconcile/${sweepId}`;
/** The id of the schedule, and of the workflows that it starts. */
export const RECONCILE_SCHEDULE_ID = 'reconcile';
