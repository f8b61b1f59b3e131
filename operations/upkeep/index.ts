export { runUpkeep } from './run.ts';
