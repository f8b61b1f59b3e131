import { connectStripeAccount } from './connect-stripe-account.ts';
import { getMyBalance } from './get-my-balance.ts';
import { getMyPayout } from './get-my-payout.ts';
import { getMyStatement } from './get-my-statement.ts';
import { getStripeAccount } from './get-stripe-account.ts';
import { linkStripeAccount } from './link-stripe-account.ts';
import { listMyPayouts } from './list-my-payouts.ts';
import { listPayouts } from './list-payouts.ts';
import { requestPayout } from './request-payout.ts';

/** In the order of the reference page. */
export const PAYOUTS_ROUTES = [
  getMyBalance,
  getMyStatement,
  requestPayout,
  listMyPayouts,
  getMyPayout,
  connectStripeAccount,
  linkStripeAccount,
  getStripeAccount,
  listPayouts,
] as const;
