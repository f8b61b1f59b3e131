import type { ErrorEntries } from '../error-entry.ts';

/** Payouts. */
export const PAYOUTS_ERRORS = {
  payout_not_found: { status: 404, title: 'No such payout', retry: false },
  payout_amount_invalid: { status: 400, title: 'The amount cannot be paid out', retry: false },
  payout_currency_required: { status: 400, title: 'You have balances in several currencies', retry: false },
  payout_below_minimum: { status: 400, title: 'The payout is below the minimum', retry: false },
  nothing_available: { status: 400, title: 'Nothing is available to be paid out', retry: false },
  payout_not_bookable: { status: 409, title: 'The payout cannot be booked as Stripe made it', retry: false },
  balance_not_found: { status: 404, title: 'Nothing was ever sold by that person', retry: false },
  debt_not_resolvable: { status: 409, title: 'The debt cannot be ended by hand now', retry: false },
  payout_not_open: { status: 409, title: 'The payout has ended', retry: false },
} as const satisfies ErrorEntries;
