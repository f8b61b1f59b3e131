import { cutMinor, sumMinor } from '../kernel/index.ts';
import { credit, debit, type Entry, entry, seller, type SellerFunds } from '../ledger/index.ts';

/** Kinds of postings, as `ledger_entries` keep them. */
export const MARKETPLACE_POSTINGS = [
  'order_completed',
  'payment_suspended',
  'transfer_completed',
  'transfer_settled_outside',
  'transfer_written_off',
  'transfer_write_off_recovered',
  'refund_succeeded',
  'reversal_done',
  'outside_reversal',
  'suspense_claimed',
  'reversal_settled_outside',
  'reversal_written_off',
  'write_off_recovered',
  'write_off_undone',
  'refund_returned',
  'dispute_won_back',
] as const;

export function orderCompleted(nets: ReadonlyMap<string, number>, feeMinor: number): Entry[] {
  return [
    entry('cash:psp', sumMinor([...nets.values(), feeMinor])),
    ...[...nets].map(([sellerId, netMinor]) => entry(seller(sellerId, 'pending'), -netMinor)),
    entry('platform:revenue', -feeMinor),
  ];
}

/** Money for an order that cannot take it: held until its refund takes it out again. */
export function paymentSuspended(receivedMinor: number): Entry[] {
  return [entry('cash:psp', receivedMinor), entry('suspense:order', -receivedMinor)];
}

/**
 * How much of what a transfer leaves the seller goes to kept fees they owe: after the debt, as far as it reaches, and in
 * what a reversal can take back.
 */
export function nettedFeesMinor(
  keptMinor: number,
  { owedMinor, feesOwedMinor }: SellerFunds,
  grain = 1,
): number {
  return cutMinor(Math.min(Math.max(keptMinor - owedMinor, 0), feesOwedMinor), grain);
}

/**
 * `keptMinor` is what was not refunded while the transfer was in flight. What nets kept fees is taken back by a
 * reversal of its own, so it is nobody's `available`.
 */
export function transferCompleted(
  sellerId: string,
  sentMinor: number,
  keptMinor: number,
  funds: SellerFunds,
  grain = 1,
): Entry[] {
  const feesMinor = nettedFeesMinor(keptMinor, funds, grain);
  return [
    entry('cash:psp', -sentMinor),
    entry(`cash:connected:${sellerId}`, sentMinor),
    entry(seller(sellerId, 'pending'), keptMinor),
    entry(seller(sellerId, 'fees_owed'), -feesMinor),
    ...credit(sellerId, keptMinor - feesMinor, funds),
  ];
}

/**
 * One seller's share of a refund: out of `pending` where that order's own transfer has not completed, otherwise out of
 * `available`, of which `suspenseMinor` was already set aside when a reversal that is not ours was seen. `feesOwedMinor`
 * is what the transfer cannot bear, because the platform keeps its fee.
 */
export type RefundShare = {
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly feesOwedMinor: number;
} & (
  | { readonly from: 'pending' }
  /** It had been written off, and was kept as revenue. */
  | { readonly from: 'written_off' }
  | { readonly from: 'available'; readonly suspenseMinor: number; readonly funds: SellerFunds }
);

export function refundSucceeded(
  shares: readonly RefundShare[],
  feeMinor: number,
  excessMinor: number,
): Entry[] {
  const totalMinor = sumMinor([...shares.map((share) => share.amountMinor), feeMinor, excessMinor]);
  return [
    entry('cash:psp', -totalMinor),
    ...shares.flatMap(takenFrom),
    entry('platform:revenue', feeMinor),
    entry('platform:losses', excessMinor),
  ];
}

function takenFrom(share: RefundShare): Entry[] {
  const { sellerId, feesOwedMinor } = share;
  const ofTransferMinor = share.amountMinor - feesOwedMinor;
  const fees = entry(seller(sellerId, 'fees_owed'), feesOwedMinor);
  if (share.from === 'written_off') return [fees, entry('platform:revenue', ofTransferMinor)];
  if (share.from === 'pending') return [fees, entry(seller(sellerId, 'pending'), ofTransferMinor)];
  return [
    fees,
    entry('suspense:seller', share.suspenseMinor),
    ...debit(sellerId, ofTransferMinor - share.suspenseMinor, share.funds),
  ];
}

/** `excessMinor` is what went beyond the money that was held. */
export function suspendedPaymentReturned(amountMinor: number, excessMinor = 0): Entry[] {
  return [
    entry('cash:psp', -amountMinor),
    entry('suspense:order', amountMinor - excessMinor),
    entry('platform:losses', excessMinor),
  ];
}

/** Whose money it is was settled with the refund; only where it is changes here. */
export function reversalDone(sellerId: string, amountMinor: number): Entry[] {
  return [entry(`cash:connected:${sellerId}`, -amountMinor), entry('cash:psp', amountMinor)];
}

/** A reversal at Stripe that is not ours; `unclaimedMinor` is what exceeds the transfer's open reversals. */
export function outsideReversal(
  sellerId: string,
  amountMinor: number,
  unclaimedMinor: number,
  funds: SellerFunds,
): Entry[] {
  return [
    ...reversalDone(sellerId, amountMinor),
    ...debit(sellerId, unclaimedMinor, funds),
    entry('suspense:seller', -unclaimedMinor),
  ];
}

/** A reversal of ours finds itself covered by one that is not: the seller must not pay the same share twice. */
export function suspenseClaimed(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry('suspense:seller', amountMinor), ...credit(sellerId, amountMinor, funds)];
}

/** The seller paid what a failed reversal could not take back, some other way; the connected account is untouched. */
export function reversalSettledOutside(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry('cash:psp', amountMinor), ...credit(sellerId, amountMinor, funds)];
}

/** Nobody will pay it: the debt as far as there is one, the rest out of the connected account, is the platform's loss. */
export function reversalWrittenOff(
  sellerId: string,
  amountMinor: number,
  { owedMinor }: SellerFunds,
): Entry[] {
  const debtMinor = Math.min(amountMinor, owedMinor);
  return [
    entry('platform:losses', amountMinor),
    entry(seller(sellerId, 'owed'), -debtMinor),
    entry(`cash:connected:${sellerId}`, debtMinor - amountMinor),
  ];
}

/** A share that Stripe can never send was paid to the seller some other way. */
export function transferSettledOutside(sellerId: string, amountMinor: number): Entry[] {
  return [entry('cash:psp', -amountMinor), entry(seller(sellerId, 'pending'), amountMinor)];
}

/** Nobody will be paid it: what was theirs stays with the platform. */
export function transferWrittenOff(sellerId: string, amountMinor: number): Entry[] {
  return [entry(seller(sellerId, 'pending'), amountMinor), entry('platform:revenue', -amountMinor)];
}

/** The seller was paid after all what had been written off. */
export function transferWriteOffRecovered(amountMinor: number): Entry[] {
  return [entry('cash:psp', -amountMinor), entry('platform:revenue', amountMinor)];
}

/** The seller paid after all what had been written off. */
export function writeOffRecovered(amountMinor: number): Entry[] {
  return [entry('cash:psp', amountMinor), entry('platform:losses', -amountMinor)];
}

/**
 * Stripe carried out what a person had ended otherwise. What a write-off took out of the connected account does not leave
 * it again (`goneMinor`); the rest is the seller's. Against the loss that was booked, or kept for a seller who had paid.
 */
export function reversedAfterAll(
  sellerId: string,
  amountMinor: number,
  goneMinor: number,
  against: 'platform:losses' | 'suspense:seller',
  funds: SellerFunds,
): Entry[] {
  const leftMinor = amountMinor - goneMinor;
  return [
    entry(`cash:connected:${sellerId}`, -leftMinor),
    entry('cash:psp', amountMinor),
    ...debit(sellerId, leftMinor, funds),
    entry(against, -amountMinor),
  ];
}

/** One seller's part of a refund that a bank sent back. Minor units. */
export interface ReturnedShare {
  readonly sellerId: string;
  /** Was taken back, or never sent: it is owed to the seller again, by a new transfer. */
  readonly resentMinor: number;
  /** Could not be taken back: it stays where it is, and the seller may have it. */
  readonly keptMinor: number;
  /** Had been written off. */
  readonly recoveredMinor: number;
  /** Of the fee that the platform kept: what the seller does not owe any more. */
  readonly feesForgivenMinor: number;
  /** Of a share that was never sent and had been written off: it stays with the platform again. */
  readonly writtenOffMinor: number;
  readonly funds: SellerFunds;
}

export function refundReturned(
  shares: readonly ReturnedShare[],
  feeMinor: number,
  excessMinor: number,
): Entry[] {
  const sellers = shares.flatMap((share) => [
    entry(seller(share.sellerId, 'pending'), -share.resentMinor),
    ...credit(share.sellerId, share.keptMinor, share.funds),
    entry('platform:losses', -share.recoveredMinor),
    entry(seller(share.sellerId, 'fees_owed'), -share.feesForgivenMinor),
    entry('platform:revenue', -share.writtenOffMinor),
  ]);
  const entries = [...sellers, entry('platform:revenue', -feeMinor), entry('platform:losses', -excessMinor)];
  return [entry('cash:psp', -sumMinor(entries.map((one) => one.amountMinor))), ...entries];
}
