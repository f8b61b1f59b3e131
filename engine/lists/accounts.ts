import { RUNNING, type WorkflowList } from './list.ts';

export const ACCOUNTS_LISTS: readonly WorkflowList[] = [
  {
    key: 'waiting-mails',
    title: 'mails that wait',
    query: `WorkflowType = "mail" AND ${RUNNING}`,
    about: 'the mail server has not taken them yet; each names whose it is',
  },
];
