import { RUNNING, type WorkflowList } from './list.ts';

const DAY_MS = 24 * 60 * 60_000;

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
    // A run begins with the subscription, and anew with the refusal that makes it past due.
    query: `WorkflowType = "subscription" AND VezaStatus IN ("pending_payment", "past_due") AND ${RUNNING}`,
    runningForMs: DAY_MS,
    about:
      'nobody has paid since it began, or since its renewal was refused; the console and the command add to the query when that is',
  },
  {
    key: 'subscriptions-waiting',
    title: 'subscriptions waiting for the PSP',
    query: `WorkflowType = "subscription" AND VezaStatus = "waiting_for_psp" AND ${RUNNING}`,
    about: 'the PSP has not answered a payment for a minute: it may be down',
  },
];
