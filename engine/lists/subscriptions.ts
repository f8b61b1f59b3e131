import { RUNNING, type WorkflowList } from './list.ts';

export const SUBSCRIPTIONS_LISTS: readonly WorkflowList[] = [
  {
    key: 'subscriptions-past-due',
    title: 'subscriptions past due',
    query: `WorkflowType = "subscription" AND VezaStatus = "past_due" AND ${RUNNING}`,
    about: 'people lost their features: the bank refused their renewal, and dunning goes on',
  },
  {
    key: 'subscriptions-unpaid-for-a-day',
    title: 'subscriptions unpaid for a day',
    query: `WorkflowType = "subscription" AND VezaStatus = "past_due" AND VezaRetryCount >= 1 AND ${RUNNING}`,
    about: 'the first step of dunning, by default a day after the refusal, brought no money',
  },
  {
    key: 'subscriptions-waiting',
    title: 'subscriptions waiting for the PSP',
    query: `WorkflowType = "subscription" AND VezaStatus = "waiting_for_psp" AND ${RUNNING}`,
    about: 'the PSP has not answered a payment for a minute: it may be down',
  },
];
