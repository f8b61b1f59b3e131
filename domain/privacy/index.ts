export { ERASING_STEPS } from './erasing-steps.ts';
export { DELETIONS_SCHEDULE_ID, deletionWorkflowId, exportWorkflowId } from './ids.ts';
export { waitWordsOf } from './waits.ts';
