import { offGrain, offGrainWords } from './errors.ts';

// docs.stripe.com/currencies, written down a second time on purpose: the stand-in must not share the table that it
// checks.
const THREE_DECIMALS = ['bhd', 'jod', 'kwd', 'omr', 'tnd'];
const WHOLE_UNITS = ['isk', 'ugx'];
const WHOLE_PAYOUTS = ['huf', 'twd'];

type What = 'charge' | 'transfer' | 'payout';

function grainOf(currency: string, what: What): number {
  const isWhole = WHOLE_UNITS.includes(currency) || (what === 'payout' && WHOLE_PAYOUTS.includes(currency));
  return isWhole ? 100 : THREE_DECIMALS.includes(currency) ? 10 : 1;
}

export const chargeGrain = (currency: string): number => grainOf(currency.toLowerCase(), 'charge');

/** Stripe's refusal of an amount that it does not take for a charge or its refund; null where it takes it. */
export function whyOffGrain(currency: string, amount: number): string | null {
  const grain = chargeGrain(currency);
  return amount % grain === 0 ? null : offGrainWords(currency, grain);
}

/** Refuses an amount that Stripe does not take in this currency, as it does before anything else is looked at. */
export function requireGrain(currency: string, amount: number, what: What = 'transfer'): void {
  const grain = grainOf(currency, what);
  if (amount % grain !== 0) throw offGrain(currency, grain);
}
