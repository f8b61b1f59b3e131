import type { Account, SellerAccount } from '../ledger/index.ts';
import { sumMinor } from '../kernel/index.ts';

/** A seller's accounts as a seller statement shows them: the five of the ledger, and the cash at their Stripe account. */
export const SELLER_STATEMENT_PARTS = [
  'pending',
  'available',
  'paying_out',
  'owed',
  'fees_owed',
  'connected',
] as const satisfies readonly (SellerAccount | 'connected')[];
export type SellerStatementPart = (typeof SELLER_STATEMENT_PARTS)[number];

/** Minor units, each as its balance is read: a debt is positive. */
export type SellerStatementParts = Readonly<Record<SellerStatementPart, number>>;

export const NOTHING: SellerStatementParts = {
  pending: 0,
  available: 0,
  paying_out: 0,
  owed: 0,
  fees_owed: 0,
  connected: 0,
};

export const accountOf = (sellerId: string, part: SellerStatementPart): Account =>
  part === 'connected' ? `cash:connected:${sellerId}` : `seller:${sellerId}:${part}`;

export const addParts = (
  balance: SellerStatementParts,
  change: SellerStatementParts,
): SellerStatementParts => ({
  pending: sumMinor([balance.pending, change.pending]),
  available: sumMinor([balance.available, change.available]),
  paying_out: sumMinor([balance.paying_out, change.paying_out]),
  owed: sumMinor([balance.owed, change.owed]),
  fees_owed: sumMinor([balance.fees_owed, change.fees_owed]),
  connected: sumMinor([balance.connected, change.connected]),
});

/** What belongs to the seller. Cash at Stripe does not count: it says where money is, not whose it is. */
export const totalMinor = ({
  pending,
  available,
  paying_out,
  owed,
  fees_owed,
}: SellerStatementParts): number => sumMinor([pending, available, paying_out, -owed, -fees_owed]);
