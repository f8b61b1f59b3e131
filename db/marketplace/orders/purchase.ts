import { sql } from 'drizzle-orm';
import { decideRefund, type RefundAsk } from '../../../domain/marketplace/eligibility.ts';
import { orderWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofRefund, refundReturned } from '../../../domain/marketplace/postings.ts';
import type { FeePolicy } from '../../../domain/marketplace/shares.ts';
import type { Tx } from '../../client.ts';
import { MissingRow, type TransitionCause } from '../../kernel/index.ts';
import { post } from '../../ledger/index.ts';
import { lockOrder } from '../lock.ts';
import type { Purchase, PurchaseStore } from '../purchase.ts';
import type { Refund } from '../refunds/schema.ts';
import { capturedBy, giveBack } from './give-back.ts';
import { excessOf, holdAgain, holdShares } from './hold-shares.ts';
import { recomputeOrder } from './recompute-order.ts';
import { readRefundableOrder } from './refundable-order.ts';
import { restoreLicenses, returnShares } from './return-shares.ts';
import type { Order } from './schema.ts';
import { settleCancelledCapture } from './settle-cancelled.ts';
import { settleShares } from './settle-shares.ts';
import { isSuspended, transitionOrderUnread } from './transition.ts';
import { tellOfRefund } from './tell-buyer.ts';
import { transfersHeldByDispute } from './transfers-held.ts';

/** Orders, for refunds and disputes. `feePolicy`: who bears the platform's fee of what is given back. */
export const orderStore = (feePolicy: FeePolicy): PurchaseStore => ({
  notFound: 'order_not_found',
  // An order has one payment, taken or held: whichever is named, it is that one.
  lock: async (tx, orderId) => orderPurchase(await lockOrder(tx, orderId), feePolicy),
  paymentId: (id) => sql`(SELECT own.payment_id FROM orders AS own WHERE own.id = ${id})`,
  payerId: (id) => sql`(SELECT own.buyer_id FROM orders AS own WHERE own.id = ${id})`,
});

/** An order that is locked. */
export function orderPurchase(order: Order, feePolicy: FeePolicy): Purchase {
  const { id, status, capturedMinor, capturedCurrency, refundedMinor } = order;
  const purchase: Purchase = {
    kind: 'order',
    id,
    paymentId: null,
    title: `Order ${id}`,
    workflowId: orderWorkflowId(id),
    status,
    currency: order.currency,
    capturedMinor,
    capturedCurrency,
    refundedMinor,
    isSuspended: isSuspended(order),
    isUnpaid: status === 'failed' && capturedMinor === null,
    hasOpenRefund: status === 'refund_pending',
    decideRefund: (tx, ask) => decide(tx, id, ask, feePolicy),
    async refundOpened(tx, refund) {
      await transitionOrderUnread(tx, order, 'refund_pending', {});
      await tellOfRefund(tx, 'refund_asked', order, refund);
    },
    async refundFailed(tx, refund) {
      await recomputeOrder(tx, order);
      await tellOfRefund(tx, 'refund_failed', order, refund);
    },
    hold: (tx, refund) => holdShares(tx, order, refund, feePolicy),
    holdAgain: (tx) => holdAgain(tx, id, feePolicy),
    excessOf: (tx, refund, done) => excessOf(tx, order, { refund, done }, feePolicy),
    settle: (tx, refund) => settleShares(tx, order, refund),
    bringBack: (tx, refund, by) => bringBack(tx, order, refund, by),
    async takeLate(tx, payment, gone) {
      const captured = capturedBy(payment, order);
      if (captured.currency !== gone.currency) return null;
      // Both at once: asked for the whole, the PSP would refuse to give back what has gone already.
      const late = await giveBack(tx, order, { captured, fact: payment, goneMinor: gone.amountMinor });
      return { purchase: orderPurchase(late.order, feePolicy), work: late.work };
    },
    settleCancelled: (tx) => settleCancelledCapture(tx, order, purchase),
    disputeSettled: (tx, dispute) => transfersHeldByDispute(tx, id, dispute),
  };
  return purchase;
}

async function decide(tx: Tx, orderId: string, ask: RefundAsk, feePolicy: FeePolicy) {
  const snapshot = await readRefundableOrder(tx, orderId);
  if (snapshot === null) throw new MissingRow('order', orderId);
  return decideRefund(snapshot, ask, Date.now(), feePolicy);
}

/** Shares, fee, order and licences as they were before the refund. */
async function bringBack(tx: Tx, order: Order, refund: Refund, by: Exclude<TransitionCause, 'automation'>) {
  const { shares, feeMinor, transfers } = await returnShares(tx, order, refund, by);
  const kind = by === 'won_back' ? 'dispute_won_back' : 'refund_returned';
  await post(
    tx,
    { kind, currency: refund.currency, ...ofRefund({ id: refund.id, orderId: order.id }) },
    refundReturned(shares, feeMinor, refund.excessMinor),
  );
  const refundedMinor = order.refundedMinor - refund.amountMinor + refund.excessMinor;
  await restoreLicenses(tx, await recomputeOrder(tx, order, refundedMinor, by), refund.id);
  return transfers;
}
