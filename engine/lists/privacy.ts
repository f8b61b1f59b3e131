import { RUNNING, type WorkflowList } from './list.ts';

export const PRIVACY_LISTS: readonly WorkflowList[] = [
  {
    key: 'open-deletions',
    title: 'open deletions',
    query: `WorkflowType = "deletion" AND ${RUNNING}`,
    about: 'people who leave: within their thirty days, held up by money, or being erased',
  },
  {
    key: 'deletions-waiting',
    title: 'deletions that wait',
    query: `WorkflowType = "deletion" AND VezaStatus = "deletion_waiting" AND ${RUNNING}`,
    about: 'their last day has come, and money of theirs still moves',
  },
  {
    key: 'exports-in-trouble',
    title: 'exports that fail',
    query: `WorkflowType = "export" AND VezaRetryCount >= 1 AND ${RUNNING}`,
    about: 'a copy of somebody’s data could not be made, and is tried again',
  },
];
