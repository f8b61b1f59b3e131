import { and, asc, eq, gt, ne } from 'drizzle-orm';
import type { UnbookedWhy } from '../../../domain/marketplace/dispute-machine.ts';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofRefund, refundReturned } from '../../../domain/marketplace/postings.ts';
import { formatMoney, sumMinor } from '../../../domain/kernel/index.ts';
import type { FeePolicy } from '../../../domain/marketplace/shares.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { type Dispute, disputes } from './schema.ts';
import { type Refund, refunds } from '../refunds/schema.ts';
import { isSuspended } from '../orders/transition.ts';
import type { Order } from '../orders/schema.ts';
import { transitionRefund } from '../refunds/transition.ts';
import { clearFlags, raiseFlag } from '../../kernel/index.ts';
import { holdAgain } from '../orders/hold-shares.ts';
import type { TransferWork } from '../labels.ts';
import { lockOrder } from '../lock.ts';
import { recomputeOrder } from '../orders/recompute-order.ts';
import { settleOutside } from '../refunds/record-external-refund.ts';
import { NotReturnable, restoreLicenses, returnShares } from '../orders/return-shares.ts';

/** Why the books cannot say what the PSP says. `passes`: by itself. */
export interface Unbooked {
  readonly why: UnbookedWhy;
  readonly passes: boolean;
  readonly detail: string;
}

export interface BookedDispute {
  readonly refused: Unbooked | null;
  /** Transfers that go out, or send another amount. The reversals are found by their rows. */
  readonly transfers: readonly TransferWork[];
}

const NOTHING: BookedDispute = { refused: null, transfers: [] };

/**
 * Makes the books say what the dispute's row says, whatever they said before: what a lost one took is one refund or
 * more of kind `dispute` that stand, and of one that was won or cancelled none stands. An open one leaves them as they
 * are: what an earlier stage took is gone until a later word brings it back. All of it or nothing.
 */
export async function bookDispute(
  tx: Tx,
  order: Order,
  dispute: Dispute,
  feePolicy: FeePolicy,
): Promise<BookedDispute> {
  const standing = await standingOf(tx, dispute.id);
  const tookMinor = sumMinor(standing.map((refund) => refund.amountMinor));
  const wantedMinor = wantedOf(dispute, tookMinor);
  if (tookMinor === wantedMinor) return NOTHING;
  if (wantedMinor > tookMinor) return take(tx, order, dispute, wantedMinor - tookMinor, feePolicy);
  if (isSuspended(order)) {
    const detail = 'the order never took this payment, which is given back by a refund of its own';
    return { refused: { why: 'suspended', passes: false, detail }, transfers: [] };
  }
  try {
    // Half of it must not stand if the other half cannot be done.
    return await tx.transaction(async (inner) => {
      const transfers = await bringBack(inner, order.id, standing);
      const less = await take(inner, await lockOrder(inner, order.id), dispute, wantedMinor, feePolicy);
      const others = await bearAgain(inner, order.id, dispute, feePolicy);
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
  order: Order,
  { id: disputeId, currency }: Dispute,
  amountMinor: number,
  feePolicy: FeePolicy,
): Promise<BookedDispute> {
  if (amountMinor === 0) return NOTHING;
  if (order.capturedMinor === null || order.capturedCurrency !== currency) {
    const held =
      order.capturedCurrency === null ? 'nothing' : `${order.capturedCurrency} and not ${currency}`;
    const detail = `${held} was captured for the order`;
    return { refused: { why: 'not_our_money', passes: false, detail }, transfers: [] };
  }
  const outside = { providerRefundId: null, disputeId, amountMinor, currency };
  const { transfers } = await settleOutside(tx, order, 'dispute', outside, feePolicy);
  return { refused: null, transfers };
}

/** The money that these refunds took is back: shares, fee, order and licences as they were. */
async function bringBack(tx: Tx, orderId: string, took: readonly Refund[]): Promise<TransferWork[]> {
  const transfers: TransferWork[] = [];
  for (const refund of took) {
    const order = await lockOrder(tx, orderId);
    const returned = await returnShares(tx, order, refund, 'won_back');
    transfers.push(...returned.transfers);
    await transitionRefund(tx, refund, 'returned', {}, 'won_back');
    await post(
      tx,
      { kind: 'dispute_won_back', currency: refund.currency, ...ofRefund(refund) },
      refundReturned(returned.shares, returned.feeMinor, refund.excessMinor),
    );
    const refundedMinor = order.refundedMinor - refund.amountMinor + refund.excessMinor;
    await restoreLicenses(tx, await recomputeOrder(tx, order, refundedMinor, 'won_back'), refund.id);
    await clearFlags(tx, 'refunded_beyond_captured', refundWorkflowId(refund.id));
  }
  return transfers;
}

/**
 * What other losses and refunds took beyond the order while this dispute held its money is its sellers' to bear after
 * all. Other disputes are booked anew, and a refund that is open holds its shares again; one that has succeeded stays
 * the platform's loss, and people are told.
 */
async function bearAgain(
  tx: Tx,
  orderId: string,
  { id, providerDisputeId }: Dispute,
  feePolicy: FeePolicy,
): Promise<TransferWork[]> {
  const transfers: TransferWork[] = [];
  const others = await tx
    .select()
    .from(disputes)
    .where(and(eq(disputes.orderId, orderId), ne(disputes.id, id), eq(disputes.status, 'lost')))
    .orderBy(asc(disputes.id))
    .for('no key update');
  for (const other of others) {
    const standing = await standingOf(tx, other.id);
    if (!standing.some((refund) => refund.excessMinor > 0)) continue;
    transfers.push(...(await bringBack(tx, orderId, standing)));
    const tookMinor = sumMinor(standing.map((refund) => refund.amountMinor));
    const booked = await take(tx, await lockOrder(tx, orderId), other, tookMinor, feePolicy);
    transfers.push(...booked.transfers);
  }
  await holdAgain(tx, orderId, feePolicy);
  const lost = await tx
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.status, 'succeeded'), gt(refunds.excessMinor, 0)));
  for (const refund of lost.filter(({ kind }) => kind !== 'dispute')) {
    const beyond = formatMoney(refund.excessMinor, refund.currency);
    const detail = `${beyond} was booked as our loss while dispute ${providerDisputeId} held the order's money, which is back: it is the sellers' to bear`;
    await raiseFlag(tx, 'refunded_beyond_captured', refundWorkflowId(refund.id), detail);
  }
  return transfers;
}
