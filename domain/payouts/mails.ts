/** Kinds of mails about payouts, to the seller. */
export const PAYOUTS_MAILS = ['payout_paid', 'payout_failed'] as const;

/** `amount` is in the minor unit of the currency. */
type Payout = { readonly amount: number; readonly currency: string };

/** What each kind of mail about a payout says. */
export type PayoutsMailParams = { readonly payout_paid: Payout; readonly payout_failed: Payout };
