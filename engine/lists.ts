/** A list of workflows that Temporal's UI, or `temporal workflow list --query`, shows. */
export interface WorkflowList {
  /** What commands and tests call it. */
  readonly key: string;
  readonly title: string;
  /** In Temporal's words: https://docs.temporal.io/list-filter. */
  readonly query: string;
  /** When an operator looks at it. */
  readonly about: string;
}

const RUNNING = 'ExecutionStatus = "Running"';

/** The lists that operators need: the runbook, the console and `ops -- lists` show these and no others. */
export const WORKFLOW_LISTS: readonly WorkflowList[] = [
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
    key: 'open-payouts',
    title: 'open payouts',
    query: `WorkflowType = "payout" AND ${RUNNING}`,
    about: 'a seller asked to be paid out, and the bank has not said that it is done',
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
    query: `VezaStatus = "waiting_for_psp" AND ${RUNNING}`,
    about: 'the PSP has not answered for a minute: it may be down',
  },
  {
    key: 'refunds-orphaned',
    title: 'refunds that may be orphans',
    query: 'WorkflowType = "refund" AND ExecutionStatus = "Terminated"',
    about: 'somebody terminated a refund: the sweep decides what becomes of it',
  },
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
  {
    key: 'sweeps',
    title: 'sweeps',
    query: 'WorkflowType = "reconcile"',
    about: 'the last sweep is too old, or somebody asks what it found',
  },
];
