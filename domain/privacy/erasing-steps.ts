/**
 * What an erasing does, in this order. Files go before the rows that name them. The tombstone is in the store before the account
 * is empty, so of a database that is restored to any time after it is known what was undone.
 */
export const ERASING_STEPS = [
  'provider_tokens',
  'files',
  'rows',
  'histories',
  'tombstone',
  'account',
] as const;
export type ErasingStep = (typeof ERASING_STEPS)[number];
