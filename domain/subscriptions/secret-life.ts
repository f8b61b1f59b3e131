import type { BillingTerms } from './terms.ts';

// The router's limits of `session_expiry`, in seconds.
const SHORTEST = 60;
const LONGEST = 7_890_000;

/** How long a client secret lives, in real seconds: as long as its payment is waited for, as far as the router allows. */
export const secretLifeSeconds = ({
  paymentTimeoutMs,
  time,
}: Pick<BillingTerms, 'paymentTimeoutMs' | 'time'>): number =>
  Math.min(Math.max(Math.ceil(paymentTimeoutMs / time.scale / 1000), SHORTEST), LONGEST);
