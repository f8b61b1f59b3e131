import { formatMoney } from '../domain/kernel/index.ts';

/** A difference between our rows and a provider's books. */
export interface Difference {
  /** What an operator searches by: the workflow id of the row or of its order, or the invoice's name. */
  readonly subject: string;
  readonly detail: string;
}

/**
 * Cases that are listed and do not count as differences: a person ended it by hand or has to decide on it, the
 * provider has no object of its own for it, nobody can ask about it, or its workflow works on it now.
 */
export const LISTED = [
  'refunds of lost disputes',
  'disputes that are not booked',
  'payments cancelled after capture',
  'returned refunds',
  'reversals that ops ended',
  'transfers that ops ended',
  'payments that cannot be read',
  'payouts of another amount at Stripe',
  'payouts that cannot be read',
  'under way',
] as const;
export type Listed = (typeof LISTED)[number];

export const COMPARED = ['payments', 'refunds', 'transfers', 'reversals', 'disputes', 'payouts'] as const;
export type Compared = (typeof COMPARED)[number];

/** The findings of one order, of one attempt to pay an invoice, or of one payout. */
export class Findings {
  readonly differences: Difference[] = [];
  readonly listed: { readonly as: Listed; readonly subject: string }[] = [];
  readonly compared: Record<Compared, number> = {
    payments: 0,
    refunds: 0,
    transfers: 0,
    reversals: 0,
    disputes: 0,
    payouts: 0,
  };

  differs(subject: string, detail: string): void {
    this.differences.push({ subject, detail });
  }

  list(as: Listed, subject: string): void {
    this.listed.push({ as, subject });
  }
}

export interface Amount {
  readonly amountMinor: number;
  readonly currency: string;
}

export const said = ({ amountMinor, currency }: Amount) => formatMoney(amountMinor, currency);
export const isSame = (ours: Amount, theirs: Amount) =>
  ours.amountMinor === theirs.amountMinor && ours.currency === theirs.currency;
