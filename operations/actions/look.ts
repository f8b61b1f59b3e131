import { eq } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { isSuspended } from '../../db/moves/order.ts';
import {
  opsFlags,
  orders,
  refunds,
  sellerPayouts,
  sellerTransfers,
  transferReversals,
  webhookEvents,
} from '../../db/schema/index.ts';
import { lockOrder, lockPayout, lockRefund, lockReversal, lockTransfer } from '../../db/verbs/lock.ts';
import { VezaError } from '../../domain/errors.ts';
import { returnRefund } from '../../db/verbs/return-refund.ts';
import { sumMinor } from '../../domain/money.ts';
import { moneyOf, type Standing } from '../action.ts';
import { tryOut } from '../try-out.ts';

// Each locks in the order that the verb after it does, so that between look and verb nothing changes.

export async function lookAtTransfer(tx: Tx, transferId: string): Promise<Standing> {
  const [found] = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.id, transferId));
  if (found === undefined) throw new VezaError('transfer_not_found', `There is no transfer ${transferId}.`);
  await lockOrder(tx, found.orderId);
  const transfer = await lockTransfer(tx, transferId);
  return { status: transfer.status, money: moneyOf(transfer) };
}

/** What outside reversals have covered already is not decided on any more. */
export async function lookAtReversal(tx: Tx, reversalId: string): Promise<Standing> {
  const [found] = await tx.select().from(transferReversals).where(eq(transferReversals.id, reversalId));
  if (found === undefined) throw new VezaError('reversal_not_found', `There is no reversal ${reversalId}.`);
  const { transfer, reversal } = await lockReversal(tx, reversalId);
  const amountMinor = reversal.amountMinor - reversal.coveredMinor;
  return { status: reversal.status, money: { amountMinor, currency: transfer.currency } };
}

export async function lookAtPayout(tx: Tx, payoutId: string): Promise<Standing> {
  const [found] = await tx.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
  if (found === undefined) throw new VezaError('payout_not_found', `There is no payout ${payoutId}.`);
  const payout = await lockPayout(tx, payoutId);
  return { status: payout.status, money: moneyOf(payout) };
}

/** The money of a payment that no order took; none where the order has its payment. */
export async function lookAtOrder(tx: Tx, orderId: string): Promise<Standing> {
  const [found] = await tx.select({ id: orders.id }).from(orders).where(eq(orders.id, orderId));
  if (found === undefined) throw new VezaError('order_not_found', `There is no order ${orderId}.`);
  const order = await lockOrder(tx, orderId);
  const { capturedMinor, capturedCurrency, refundedMinor, status } = order;
  if (!isSuspended(order) || capturedMinor === null || capturedCurrency === null)
    return { status, money: null };
  return { status, money: { amountMinor: capturedMinor - refundedMinor, currency: capturedCurrency } };
}

/**
 * What goes out to sellers again may be more than the refund: a transfer that was never sent goes out with it. The larger
 * of the two is what is decided on, as the verb itself tells.
 */
export async function lookAtReturn(tx: Tx, refundId: string): Promise<Standing> {
  const { status, money } = await lookAtRefund(tx, refundId);
  if (money === null) return { status, money };
  const resentMinor = await resentBy(tx, refundId);
  return { status, money: { ...money, amountMinor: Math.max(money.amountMinor, resentMinor) } };
}

async function resentBy(tx: Tx, refundId: string): Promise<number> {
  try {
    const { transfers } = await tryOut(tx, (inner) =>
      returnRefund(inner, { refundId, actor: 'system', reason: 'preview' }),
    );
    return sumMinor(transfers.map(({ amountMinor }) => amountMinor));
  } catch (error) {
    // What is refused sends nothing; `act` says why.
    if (error instanceof VezaError) return 0;
    throw error;
  }
}

async function lookAtRefund(tx: Tx, refundId: string): Promise<Standing> {
  const [found] = await tx.select({ id: refunds.id }).from(refunds).where(eq(refunds.id, refundId));
  if (found === undefined) throw new VezaError('refund_not_found', `There is no refund ${refundId}.`);
  const { refund } = await lockRefund(tx, refundId);
  return { status: refund.status, money: moneyOf(refund) };
}

/** A webhook is told again to whom it was told: it moves no money that its workflow has not decided on. */
export async function lookAtWebhook(tx: Tx, webhookId: string): Promise<Standing> {
  const [stored] = await tx
    .select({ outcome: webhookEvents.outcome })
    .from(webhookEvents)
    .where(eq(webhookEvents.id, webhookId));
  if (stored === undefined)
    throw new VezaError('webhook_not_found', `There is no webhook event ${webhookId}.`);
  return { status: stored.outcome, money: null };
}

export async function lookAtFlag(tx: Tx, flagId: string): Promise<Standing> {
  const [flag] = await tx.select().from(opsFlags).where(eq(opsFlags.id, flagId)).for('no key update');
  if (flag === undefined) throw new VezaError('flag_not_found', `There is no flag ${flagId}.`);
  return { status: flag.clearedAt === null ? 'open' : 'cleared', money: null };
}
