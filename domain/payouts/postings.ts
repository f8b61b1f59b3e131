import { credit, type Entry, entry, seller, type SellerFunds } from '../ledger/index.ts';

/** Kinds of postings, as `ledger_entries` keep them. */
export const PAYOUT_POSTINGS = [
  'payout_asked',
  'payout_paid',
  'payout_failed',
  'payout_returned',
  'debt_settled_outside',
  'debt_written_off',
] as const;

/** Rows that these postings are of. */
export const PAYOUT_LEDGER_SUBJECTS = ['payout', 'balance'] as const;

/** A payout stands in no story but its own. */
export const ofPayout = (id: string) =>
  ({ of: { kind: 'payout', id }, root: { kind: 'payout', id } }) as const;

/** What is decided on a person's debt is of no order: it stands in the story of their balance. */
export const ofBalance = (userId: string) =>
  ({ of: { kind: 'balance', id: userId }, root: { kind: 'balance', id: userId } }) as const;

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

type Debt = Pick<SellerFunds, 'owedMinor' | 'feesOwedMinor'>;

const endsDebt = (sellerId: string, { owedMinor, feesOwedMinor }: Debt): Entry[] => [
  entry(seller(sellerId, 'owed'), -owedMinor),
  entry(seller(sellerId, 'fees_owed'), -feesOwedMinor),
  // A share that they owe is missing at the connected account: whoever pays it, it is there again.
  entry(`cash:connected:${sellerId}`, owedMinor),
];

/** The seller paid in some other way: what they owed at Stripe into the connected account, and the fees to us. */
export const debtSettledOutside = (sellerId: string, debt: Debt): Entry[] => [
  ...endsDebt(sellerId, debt),
  entry('cash:psp', debt.feesOwedMinor),
];

/** Nobody will pay it. What is missing at the connected account Stripe takes from us. */
export const debtWrittenOff = (sellerId: string, debt: Debt): Entry[] => [
  ...endsDebt(sellerId, debt),
  entry('platform:losses', debt.owedMinor + debt.feesOwedMinor),
  entry('cash:psp', -debt.owedMinor),
];
