import type { WorkflowList } from './list.ts';

export const RECONCILE_LISTS: readonly WorkflowList[] = [
  {
    key: 'sweeps',
    title: 'sweeps',
    query: 'WorkflowType = "reconcile"',
    about: 'the last sweep is too old, or somebody asks what it found',
  },
];
