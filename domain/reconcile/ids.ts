/** One drain at a time; sweeps may overlap, they find each other's work done. */
export const DRAIN_WORKFLOW_ID = 'reconcile/drain';
export const sweepWorkflowId = (sweepId: string) => `reconcile/${sweepId}`;
/** Of the schedule, and of what it starts. */
export const RECONCILE_SCHEDULE_ID = 'reconcile';
