export { deletionWorkflowId, exportWorkflowId } from './ids.ts';
