import { RUNNING, type WorkflowList } from './list.ts';

export const MARKETPLACE_LISTS: readonly WorkflowList[] = [
  {
    key: 'reversals-in-trouble',
    title: 'reversals in trouble',
    query: 'VezaStatus = "reversal_pending" AND VezaRetryCount >= 2',
    about: 'Stripe fails, and each of these was tried twice or more',
  },
  {
    key: 'open-reversals',
    title: 'open reversals',
    query: `WorkflowType = "reversal" AND ${RUNNING}`,
    about: 'the buyers have their money, the sellers still have it too',
  },
  {
    key: 'open-transfers',
    title: 'open transfers',
    query: `WorkflowType = "transfer" AND ${RUNNING}`,
    about: 'sellers ask where their money is',
  },
  {
    key: 'open-refunds',
    title: 'open refunds',
    query: `WorkflowType = "refund" AND ${RUNNING}`,
    about: 'buyers ask where their money is',
  },
  {
    key: 'refunds-waiting',
    title: 'refunds waiting for the PSP',
    query: `WorkflowType = "refund" AND VezaStatus = "waiting_for_psp" AND ${RUNNING}`,
    about: 'the PSP has not answered for a minute: it may be down',
  },
  {
    key: 'refunds-orphaned',
    title: 'refunds that may be orphans',
    query: 'WorkflowType = "refund" AND ExecutionStatus = "Terminated"',
    about: 'somebody terminated a refund: the sweep decides what becomes of it',
  },
];
