import { offGrain } from './errors.ts';

// docs.stripe.com/currencies, written down a second time on purpose: the stand-in must not believe what it is there to check.
const THREE_DECIMALS = ['bhd', 'jod', 'kwd', 'omr', 'tnd'];
const WHOLE_UNITS = ['isk', 'ugx'];
const WHOLE_PAYOUTS = ['huf', 'twd'];

/** Refuses an amount that Stripe does not take in this currency, as it does before anything else is looked at. */
export function requireGrain(
  currency: string,
  amount: number,
  what: 'transfer' | 'payout' = 'transfer',
): void {
  if (THREE_DECIMALS.includes(currency) && amount % 10 !== 0) throw offGrain(currency, 10);
  const isWhole = WHOLE_UNITS.includes(currency) || (what === 'payout' && WHOLE_PAYOUTS.includes(currency));
  if (isWhole && amount % 100 !== 0) throw offGrain(currency, 100);
}
