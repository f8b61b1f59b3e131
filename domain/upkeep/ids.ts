/** Upkeeps may overlap: each row is looked at under its lock. */
export const upkeepWorkflowId = (upkeepId: string) => `upkeep/${upkeepId}`;
/** The id of the schedule, and of the workflows that it starts. */
export const UPKEEP_SCHEDULE_ID = 'upkeep';
