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

/** Rows that these postings are of. */
export const MARKETPLACE_LEDGER_SUBJECTS = ['order', 'refund', 'transfer', 'reversal'] as const;

type OfOrder<Kind> = { readonly of: { readonly kind: Kind; readonly id: string } } & {
  readonly root: { readonly kind: 'order'; readonly id: string };
};
type Row = { readonly id: string; readonly orderId: string };

const inOrder = <Kind extends (typeof MARKETPLACE_LEDGER_SUBJECTS)[number]>(
  kind: Kind,
  id: string,
  orderId: string,
): OfOrder<Kind> => ({ of: { kind, id }, root: { kind: 'order', id: orderId } });

export const ofOrder = (id: string) => inOrder('order', id, id);
export const ofRefund = ({ id, orderId }: Row) => inOrder('refund', id, orderId);
export const ofTransfer = ({ id, orderId }: Row) => inOrder('transfer', id, orderId);
export const ofReversal = ({ id }: { readonly id: string }, { orderId }: Row) =>
  inOrder('reversal', id, orderId);

export function orderCompleted(nets: ReadonlyMap<string, number>, feeMinor: number): Entry[] {
  return [
    entry('cash:psp', sumMinor([...nets.values(), feeMinor])),
    ...[...nets].map(([sellerId, netMinor]) => entry(seller(sellerId, 'pending'), -netMinor)),
    entry('platform:revenue', -feeMinor),
  ];
}

/** Money for an order that cannot take it. It is held until its refund takes it out again. */
export function paymentSuspended(receivedMinor: number): Entry[] {
  return [entry('cash:psp', receivedMinor), entry('suspense:order', -receivedMinor)];
}

/**
 * How much of a transfer's `keptMinor` pays the kept fees that the seller owes: what is left after their debt, up to
 * those fees, in a multiple that a reversal can take back.
 */
export function nettedFeesMinor(
  keptMinor: number,
  { owedMinor, feesOwedMinor }: SellerFunds,
  grain = 1,
): number {
  return cutMinor(Math.min(Math.max(keptMinor - owedMinor, 0), feesOwedMinor), grain);
}

/**
 * `keptMinor` is what was not refunded while the transfer was in flight. A reversal of its own takes back what nets
 * kept fees, so that part never becomes `available`.
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
  /** The share had been written off, and the platform kept it as revenue. */
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

/** `excessMinor` is what went out beyond the money that was held. */
export function suspendedPaymentReturned(amountMinor: number, excessMinor = 0): Entry[] {
  return [
    entry('cash:psp', -amountMinor),
    entry('suspense:order', amountMinor - excessMinor),
    entry('platform:losses', excessMinor),
  ];
}

/** The refund settled whose money it is; a reversal changes only where the money is. */
export function reversalDone(sellerId: string, amountMinor: number): Entry[] {
  return [entry(`cash:connected:${sellerId}`, -amountMinor), entry('cash:psp', amountMinor)];
}

/** A reversal at Stripe that is not ours. `unclaimedMinor` is what exceeds the transfer's open reversals. */
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

/** A reversal that is not ours has covered one of ours: the seller must not pay the same share twice. */
export function suspenseClaimed(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry('suspense:seller', amountMinor), ...credit(sellerId, amountMinor, funds)];
}

/** The seller paid in some other way what a failed reversal could not take back; the connected account is untouched. */
export function reversalSettledOutside(sellerId: string, amountMinor: number, funds: SellerFunds): Entry[] {
  return [entry('cash:psp', amountMinor), ...credit(sellerId, amountMinor, funds)];
}

/**
 * Nobody will pay the reversal, so it is the platform's loss: it clears the seller's debt first, and the rest leaves
 * the connected account.
 */
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

/** The seller was paid in some other way a share that Stripe can never send. */
export function transferSettledOutside(sellerId: string, amountMinor: number): Entry[] {
  return [entry('cash:psp', -amountMinor), entry(seller(sellerId, 'pending'), amountMinor)];
}

/** The seller will not be paid this share: it stays with the platform. */
export function transferWrittenOff(sellerId: string, amountMinor: number): Entry[] {
  return [entry(seller(sellerId, 'pending'), amountMinor), entry('platform:revenue', -amountMinor)];
}

/** The seller was paid after all a share that had been written off. */
export function transferWriteOffRecovered(amountMinor: number): Entry[] {
  return [entry('cash:psp', -amountMinor), entry('platform:revenue', amountMinor)];
}

/** The seller paid after all a reversal that had been written off. */
export function writeOffRecovered(amountMinor: number): Entry[] {
  return [entry('cash:psp', amountMinor), entry('platform:losses', -amountMinor)];
}

/**
 * Stripe carried out a reversal that a person had ended in another way. What a write-off took out of the connected
 * account (`goneMinor`) does not leave it again; the seller gives up the rest. It is booked against the loss, or kept
 * in suspense for a seller who had paid.
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
  /** Was taken back, or never sent: a new transfer sends it to the seller again. */
  readonly resentMinor: number;
  /** Could not be taken back: it stays in the connected account, and the seller may have it. */
  readonly keptMinor: number;
  /** Had been written off. */
  readonly recoveredMinor: number;
  /** The part of the platform's kept fee that the seller does not owe any more. */
  readonly feesForgivenMinor: number;
  /** The part of a share that was never sent and had been written off: the platform keeps it again. */
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
