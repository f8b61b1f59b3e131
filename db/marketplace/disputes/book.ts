import { and, asc, eq, gt, ne } from 'drizzle-orm';
import type { UnbookedWhy } from '../../../domain/marketplace/dispute-machine.ts';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { PaymentRef } from '../../../domain/marketplace/purchase.ts';
import { formatMoney, sumMinor } from '../../../domain/kernel/index.ts';
import type { Tx } from '../../client.ts';
import { type Dispute, disputes } from './schema.ts';
import { type Refund, refunds } from '../refunds/schema.ts';
import { transitionRefund } from '../refunds/transition.ts';
import { clearFlags, raiseFlag } from '../../kernel/index.ts';
import type { TransferWork } from '../labels.ts';
import { isOfPayment, lockPurchase, type Purchase, type Purchases } from '../purchase.ts';
import { settleOutside } from '../refunds/record-external-refund.ts';
import { NotReturnable } from '../refunds/not-returnable.ts';

/** Why the books cannot follow the PSP's report. `passes`: the obstacle ends by itself. */
export interface Unbooked {
  readonly why: UnbookedWhy;
  readonly passes: boolean;
  readonly detail: string;
}

export interface BookedDispute {
  readonly refused: Unbooked | null;
  /** Transfers to start: they go out, or with another amount. Reversals are found by their rows. */
  readonly transfers: readonly TransferWork[];
}

const NOTHING: BookedDispute = { refused: null, transfers: [] };

/**
 * Makes the books agree with the dispute's row, whatever they say now. For a lost dispute, one or more refunds of
 * kind `dispute` stand for what it took; for a won or cancelled one, none does. An open dispute changes nothing: what
 * an earlier stage took is gone until a later report brings it back. All or nothing.
 */
export async function bookDispute(
  tx: Tx,
  purchase: Purchase,
  dispute: Dispute,
  purchases: Purchases,
): Promise<BookedDispute> {
  const standing = await standingOf(tx, dispute.id);
  const tookMinor = sumMinor(standing.map((refund) => refund.amountMinor));
  const wantedMinor = wantedOf(dispute, tookMinor);
  if (tookMinor === wantedMinor) return NOTHING;
  if (wantedMinor > tookMinor) return take(tx, purchase, dispute, wantedMinor - tookMinor);
  if (purchase.isSuspended) {
    const detail = `the ${purchase.kind} never took this payment, which is given back by a refund of its own`;
    return { refused: { why: 'suspended', passes: false, detail }, transfers: [] };
  }
  try {
    // A savepoint: if one half fails, the other must not stand.
    return await tx.transaction(async (inner) => {
      const transfers = await bringBack(inner, purchase, standing, purchases);
      const less = await take(inner, await lockPurchase(inner, purchase, purchases), dispute, wantedMinor);
      const others = await bearAgain(inner, purchase, dispute, purchases);
      return { refused: null, transfers: [...transfers, ...less.transfers, ...others] };
    });
  } catch (error) {
    if (!(error instanceof NotReturnable)) throw error;
    return { refused: { why: 'in_flight', passes: error.passes, detail: error.detail }, transfers: [] };
  }
}

function wantedOf({ status, amountMinor }: Dispute, tookMinor: number): number {
  if (status === 'open') return tookMinor;
  return status === 'lost' ? amountMinor : 0;
}

const standingOf = (tx: Tx, disputeId: string) =>
  tx
    .select()
    .from(refunds)
    .where(and(eq(refunds.disputeId, disputeId), eq(refunds.status, 'succeeded')))
    .orderBy(asc(refunds.id))
    .for('no key update');

async function take(
  tx: Tx,
  purchase: Purchase,
  { id: disputeId, currency }: Dispute,
  amountMinor: number,
): Promise<BookedDispute> {
  if (amountMinor === 0) return NOTHING;
  const { kind, capturedMinor, capturedCurrency } = purchase;
  if (capturedMinor === null || capturedCurrency !== currency) {
    const held = capturedCurrency === null ? 'nothing' : `${capturedCurrency} and not ${currency}`;
    const detail = `${held} was captured for the ${kind}`;
    return { refused: { why: 'not_our_money', passes: false, detail }, transfers: [] };
  }
  const outside = { providerRefundId: null, disputeId, amountMinor, currency };
  const { transfers } = await settleOutside(tx, purchase, 'dispute', outside);
  return { refused: null, transfers };
}

/** The money that these refunds took is back: everything becomes what it was before them. */
async function bringBack(
  tx: Tx,
  of: PaymentRef,
  took: readonly Refund[],
  purchases: Purchases,
): Promise<TransferWork[]> {
  const transfers: TransferWork[] = [];
  for (const refund of took) {
    const purchase = await lockPurchase(tx, of, purchases);
    transfers.push(...(await purchase.bringBack(tx, refund, 'won_back')));
    await transitionRefund(tx, refund, 'returned', {}, 'won_back');
    await clearFlags(tx, 'refunded_beyond_captured', refundWorkflowId(refund.id));
  }
  return transfers;
}

/**
 * While this dispute held the purchase's money, other losses and refunds may have taken more than was left. Now its
 * sellers bear them after all: other disputes are booked anew, and an open refund holds its shares again. One that
 * has succeeded stays the platform's loss, and people are told.
 */
async function bearAgain(
  tx: Tx,
  of: Purchase,
  { id, providerDisputeId }: Dispute,
  purchases: Purchases,
): Promise<TransferWork[]> {
  const transfers: TransferWork[] = [];
  const others = await tx
    .select()
    .from(disputes)
    .where(and(isOfPayment(disputes, of), ne(disputes.id, id), eq(disputes.status, 'lost')))
    .orderBy(asc(disputes.id))
    .for('no key update');
  for (const other of others) {
    const standing = await standingOf(tx, other.id);
    if (!standing.some((refund) => refund.excessMinor > 0)) continue;
    transfers.push(...(await bringBack(tx, of, standing, purchases)));
    const tookMinor = sumMinor(standing.map((refund) => refund.amountMinor));
    const booked = await take(tx, await lockPurchase(tx, of, purchases), other, tookMinor);
    transfers.push(...booked.transfers);
  }
  await of.holdAgain(tx);
  const lost = await tx
    .select()
    .from(refunds)
    .where(and(isOfPayment(refunds, of), eq(refunds.status, 'succeeded'), gt(refunds.excessMinor, 0)));
  for (const refund of lost.filter(({ kind }) => kind !== 'dispute')) {
    const beyond = formatMoney(refund.excessMinor, refund.currency);
    const detail = `${beyond} was booked as our loss while dispute ${providerDisputeId} held the ${of.kind}'s money, which is back: it is the sellers' to bear`;
    await raiseFlag(tx, 'refunded_beyond_captured', refundWorkflowId(refund.id), detail);
  }
  return transfers;
}
