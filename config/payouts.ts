import { integer } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** Payouts. */
export const PAYOUTS_VARIABLES = {
  PAYOUT_MINIMUM_MINOR: variable(
    integer(100, 1, Number.MAX_SAFE_INTEGER),
    '100',
    "least amount of a payout, in the currency's minor unit",
  ),
} as const satisfies Variables;
