import { credit, type Entry, entry, seller, type SellerFunds } from '../ledger/index.ts';

/** Kinds of postings, as `ledger_entries` keep them. */
export const PAYOUT_POSTINGS = ['payout_asked', 'payout_paid', 'payout_failed', 'payout_returned'] as const;

/** Rows that these postings are of. */
export const PAYOUT_LEDGER_SUBJECTS = ['payout'] as const;

/** A payout stands in no story but its own. */
export const ofPayout = (id: string) =>
  ({ of: { kind: 'payout', id }, root: { kind: 'payout', id } }) as const;

/** Sets the amount aside under lock; the money stays at the connected account until the bank has it. */
export function payoutAsked(sellerId: string, amountMinor: number): Entry[] {
  return [
    entry(seller(sellerId, 'available'), amountMinor),
    entry(seller(sellerId, 'paying_out'), -amountMinor),
  ];
}

export function payoutPaid(sellerId: string, amountMinor: number): Entry[] {
  return [
    entry(seller(sellerId, 'paying_out'), amountMinor),
    entry(`cash:connected:${sellerId}`, -amountMinor),
  ];
}

/** The money never left the connected account. */
export function payoutFailed(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry(seller(sellerId, 'paying_out'), amountMinor), ...credit(sellerId, amountMinor, funds)];
}

/** The bank sent the money back, days after the payout was paid. */
export function payoutReturned(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry(`cash:connected:${sellerId}`, amountMinor), ...credit(sellerId, amountMinor, funds)];
}
