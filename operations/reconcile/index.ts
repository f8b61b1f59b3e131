export { runReconciliation } from './run.ts';
