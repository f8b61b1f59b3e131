import type { WorkflowList } from './list.ts';

/** What every subject has. */
export const KERNEL_LISTS: readonly WorkflowList[] = [
  {
    key: 'permanently-failed',
    title: 'permanently failed',
    query: 'VezaStatus = "permanently_failed"',
    about: 'retries are used up: a person retries or settles each of these',
  },
  {
    key: 'ended-by-accident',
    title: 'ended by accident',
    query: 'ExecutionStatus IN ("Failed", "Terminated", "TimedOut")',
    about: 'nothing ends so as designed: each needs a person',
  },
];
