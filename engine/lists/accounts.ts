import { RUNNING, type WorkflowList } from './list.ts';

export const ACCOUNTS_LISTS: readonly WorkflowList[] = [
  {
    key: 'waiting-mails',
    title: 'mails that wait',
    query: `WorkflowType = "mail" AND ${RUNNING}`,
    about: 'the mail server has not taken them yet; each names whose it is',
  },
  {
    key: 'undelivered-mails',
    title: 'mails undelivered',
    query: 'WorkflowType = "mail" AND VezaStatus IN ("refused", "given_up")',
    about: 'the mail server refused them for good, or did not take them for a day: somebody was not told',
  },
];
