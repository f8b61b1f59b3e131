import { RUNNING, type WorkflowList } from './list.ts';

export const PAYOUTS_LISTS: readonly WorkflowList[] = [
  {
    key: 'open-payouts',
    title: 'open payouts',
    query: `WorkflowType = "payout" AND ${RUNNING}`,
    about: 'a seller asked to be paid out, and the bank has not said that it is done',
  },
];
