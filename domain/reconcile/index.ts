export { DRAIN_WORKFLOW_ID, RECONCILE_SCHEDULE_ID, sweepWorkflowId } from './ids.ts';
export { type Look, type Phase, PHASES, type ReconcileProgress, type ReconcileReport } from './reconcile.ts';
