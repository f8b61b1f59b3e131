export { deletionWorkflowId } from './ids.ts';
