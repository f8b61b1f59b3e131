import { ACCOUNTS_LISTS } from './accounts.ts';
import { KERNEL_LISTS } from './kernel.ts';
import type { WorkflowList } from './list.ts';
import { MARKETPLACE_LISTS } from './marketplace.ts';
import { PAYOUTS_LISTS } from './payouts.ts';
import { PRIVACY_LISTS } from './privacy.ts';
import { RECONCILE_LISTS } from './reconcile.ts';
import { SUBSCRIPTIONS_LISTS } from './subscriptions.ts';
import { UPKEEP_LISTS } from './upkeep.ts';

/** The lists that operators need, a line a subject: the runbook, the console and `ops -- lists` show these and no others. */
export const WORKFLOW_LISTS: readonly WorkflowList[] = [
  ...MARKETPLACE_LISTS,
  ...PAYOUTS_LISTS,
  ...SUBSCRIPTIONS_LISTS,
  ...ACCOUNTS_LISTS,
  ...PRIVACY_LISTS,
  ...KERNEL_LISTS,
  ...RECONCILE_LISTS,
  ...UPKEEP_LISTS,
];

export { queryAt } from './list.ts';
export type { WorkflowList };
