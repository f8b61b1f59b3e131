import { joined } from '../domain/kernel/index.ts';
import { ACCOUNTS_TITLES } from './accounts/titles.ts';
import { FLAG_TITLES, KERNEL_TITLES } from './kernel/titles.ts';
import { LEDGER_TITLES } from './ledger/titles.ts';
import { MARKETPLACE_TITLES } from './marketplace/titles.ts';
import { PAYOUTS_TITLES } from './payouts/titles.ts';
import { PRIVACY_TITLES } from './privacy/titles.ts';
import { SUBSCRIPTIONS_TITLES } from './subscriptions/titles.ts';
import { WEBHOOKS_TITLES } from './webhooks/titles.ts';

// The register of titles: what buttons say, and what stories call what they tell of. A line a subject in each list.

/** How an action is shown. */
export interface ActionTitle {
  /** What its button says. */
  readonly title: string;
  /** May be taken on a whole list at once. What reverts books is decided on row by row. */
  readonly onMany?: true;
  /** Says how something ended that needs a person. */
  readonly isResolution?: true;
}

export const ACTION_TITLES = joined(
  'actions',
  KERNEL_TITLES.actions,
  MARKETPLACE_TITLES.actions,
  PAYOUTS_TITLES.actions,
  SUBSCRIPTIONS_TITLES.actions,
  WEBHOOKS_TITLES.actions,
  ACCOUNTS_TITLES.actions,
  PRIVACY_TITLES.actions,
  FLAG_TITLES.actions,
);
export type ActionName = keyof typeof ACTION_TITLES;
export type BulkAction = {
  [Name in ActionName]: (typeof ACTION_TITLES)[Name] extends { readonly onMany: true } ? Name : never;
}[ActionName];

export const ACTION_NAMES = Object.keys(ACTION_TITLES) as ActionName[];
export const titleOf = (action: ActionName): ActionTitle => ACTION_TITLES[action];
/** Actions on many rows at once. */
export const BULK_ACTIONS = ACTION_NAMES.filter(
  (action): action is BulkAction => titleOf(action).onMany === true,
);

/** What stories tell of, in the order of causes: what is named first comes before what it caused, where both have one time. */
export const STORY_TITLES = joined(
  'kinds of what stories tell',
  WEBHOOKS_TITLES.story,
  KERNEL_TITLES.story,
  ACCOUNTS_TITLES.story,
  PRIVACY_TITLES.story,
  MARKETPLACE_TITLES.story,
  PAYOUTS_TITLES.story,
  SUBSCRIPTIONS_TITLES.story,
  LEDGER_TITLES.story,
  FLAG_TITLES.story,
);
export type StoryKind = keyof typeof STORY_TITLES;
export const STORY_KINDS = Object.keys(STORY_TITLES) as StoryKind[];
