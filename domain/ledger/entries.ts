/**
 * The double-entry ledger: accounts and entries. Each subject's postings.ts says what is booked when. Amounts are
 * minor units, signed as they are entered. `cash:*`, `owed`, `fees_owed` and `platform:losses` grow with positive
 * entries, all other accounts with negative ones, so each transaction sums to zero.
 */
export type SellerAccount = 'pending' | 'available' | 'paying_out' | 'owed' | 'fees_owed';
export type Account =
  | 'cash:psp'
  | `cash:connected:${string}`
  | `seller:${string}:${SellerAccount}`
  | 'platform:revenue'
  | 'platform:losses'
  | 'platform:deferred'
  | 'platform:tax'
  | 'suspense:order'
  | 'suspense:invoice'
  | 'suspense:seller';

export interface Entry {
  readonly account: Account;
  readonly amountMinor: number;
}

/** 1 where the balance is the sum of the entries, -1 where it is that sum negated. */
export function balanceSign(account: string): 1 | -1 {
  const entersAsItStands =
    account.startsWith('cash:') ||
    /^seller:[^:]+:(owed|fees_owed)$/.test(account) ||
    account === 'platform:losses';
  return entersAsItStands ? 1 : -1;
}

/** A seller's balances that a posting depends on, read under lock. Minor units. */
export interface SellerFunds {
  readonly availableMinor: number;
  readonly owedMinor: number;
  readonly feesOwedMinor: number;
}

export const seller = (sellerId: string, account: SellerAccount) => `seller:${sellerId}:${account}` as const;
export const entry = (account: Account, amountMinor: number): Entry => ({ account, amountMinor });

/** Gives the seller an amount: it first pays what they owe, and the rest becomes available. */
export function credit(sellerId: string, amountMinor: number, { owedMinor }: SellerFunds): Entry[] {
  const nettedMinor = Math.min(amountMinor, owedMinor);
  return [
    entry(seller(sellerId, 'owed'), -nettedMinor),
    entry(seller(sellerId, 'available'), nettedMinor - amountMinor),
  ];
}

/** Takes an amount from the seller: out of `available` as far as it reaches; they owe the rest. */
export function debit(sellerId: string, amountMinor: number, { availableMinor }: SellerFunds): Entry[] {
  const takenMinor = Math.min(amountMinor, availableMinor);
  return [
    entry(seller(sellerId, 'available'), takenMinor),
    entry(seller(sellerId, 'owed'), amountMinor - takenMinor),
  ];
}
