import type { WorkflowList } from './list.ts';

export const UPKEEP_LISTS: readonly WorkflowList[] = [
  {
    key: 'upkeeps',
    title: 'upkeeps',
    query: 'WorkflowType = "upkeep"',
    about: 'the last upkeep is too old, or somebody asks what it removed',
  },
];
