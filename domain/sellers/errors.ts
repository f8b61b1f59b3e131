import type { ErrorEntries } from '../error-entry.ts';

/** A seller's account at Stripe. */
export const SELLERS_ERRORS = {
  seller_has_no_account: { status: 400, title: 'No Stripe account is connected', retry: false },
  seller_account_not_ready: { status: 400, title: 'The Stripe account cannot do this yet', retry: false },
  stripe_account_refused: { status: 400, title: 'Stripe refused the account', retry: false },
} as const satisfies ErrorEntries;
