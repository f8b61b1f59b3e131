import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { orderWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofOrder, orderCompleted } from '../../../domain/marketplace/postings.ts';
import type { PaymentReport } from '../../../domain/marketplace/messages.ts';
import { formatMoney, sumMinor } from '../../../domain/kernel/index.ts';
import type { FeePolicy } from '../../../domain/marketplace/shares.ts';
import type { Db, Tx } from '../../client.ts';
import { lockFunds, post } from '../../ledger/index.ts';
import { transitionOrder } from './transition.ts';
import { type Order, licenses, orderItems } from './schema.ts';
import { sellerTransfers } from '../transfers/schema.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { capturedBy, giveBack } from './give-back.ts';
import { orderPurchase } from './purchase.ts';
import { type GiveBackWork, type SettledRefund, transferLabel, type TransferWork } from '../labels.ts';
import { lockOrder } from '../lock.ts';
import { findGiveBack } from '../refunds/find-give-back.ts';
import { settleCancelledCapture } from './settle-cancelled.ts';
import { tellOfOrder } from './tell-buyer.ts';
import { watchedFromNow } from './watched-payment.ts';

export type SettledPayment =
  | { readonly status: 'completed'; readonly transfers: readonly TransferWork[] }
  | { readonly status: 'failed'; readonly reason: string }
  | ({ readonly status: 'given_back' } & GiveBackWork)
  /** The payment was captured and then given back whole, without us. */
  | { readonly status: 'cancelled'; readonly settled: SettledRefund }
  /** The order was decided before; nothing changed. */
  | { readonly status: 'already_decided' };

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Settles the PSP's report of a payment in one transaction: order, licences, balances, ledger, transfers. A capture
 * that the order cannot take (late, or of another amount or currency) is never kept.
 */
export async function settlePayment(
  db: Db,
  orderId: string,
  fact: PaymentReport,
  terms: { readonly refundWindowDays: number; readonly feePolicy: FeePolicy },
): Promise<SettledPayment> {
  return db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    if (fact.verdict === 'cancelled_post_capture') {
      return order.capturedMinor === null
        ? noteCancelledCapture(tx, order, fact)
        : asSettled(await settleCancelledCapture(tx, order, orderPurchase(order, terms.feePolicy)));
    }
    if (fact.verdict === 'failed') return failOrder(tx, order, fact);
    if (order.capturedMinor !== null) {
      if (!isAsBooked(order, fact)) await flagDiffering(tx, order, fact);
      return resumeSettled(tx, order);
    }
    const captured = capturedBy(fact, order);
    if (order.paymentStatus === CANCELLED) {
      // The money has gone back already: the PSP would refuse to give it back again, and it would stay held for ever.
      const { order: holding } = await giveBack(tx, order, {
        captured,
        fact,
        goneMinor: captured.amountMinor,
      });
      return asSettled(await settleCancelledCapture(tx, holding, orderPurchase(holding, terms.feePolicy)));
    }
    const asOrdered = captured.amountMinor === order.totalMinor && captured.currency === order.currency;
    if (order.status === 'pending' && asOrdered) {
      return completeOrder(tx, order, fact, terms.refundWindowDays);
    }
    const { work } = await giveBack(tx, order, { captured, fact });
    return work === null ? { status: 'already_decided' } : { status: 'given_back', ...work };
  });
}

const asSettled = (settled: SettledRefund | null): SettledPayment =>
  settled === null ? { status: 'already_decided' } : { status: 'cancelled', settled };

async function completeOrder(
  tx: Tx,
  order: Order,
  fact: PaymentReport,
  refundWindowDays: number,
): Promise<SettledPayment> {
  const completedAt = new Date();
  await transitionOrder(tx, order, 'completed', {
    capturedMinor: order.totalMinor,
    capturedCurrency: order.currency,
    completedAt,
    refundDeadline: new Date(completedAt.getTime() + refundWindowDays * DAY_MS),
    connectorTransactionId: fact.connectorTransactionId,
    paymentStatus: 'succeeded',
  });
  const items = await tx.select().from(orderItems).where(eq(orderItems.orderId, order.id));
  await tx.insert(licenses).values(
    items.map((item) => ({
      id: uuidv7(),
      orderItemId: item.id,
      buyerId: order.buyerId,
      productId: item.productId,
    })),
  );
  const nets = new Map<string, number>();
  for (const item of items) {
    nets.set(item.sellerId, (nets.get(item.sellerId) ?? 0) + item.amountMinor - item.platformFeeMinor);
  }
  await lockFunds(tx, [...nets.keys()], order.currency);
  const feeMinor = sumMinor(items.map((item) => item.platformFeeMinor));
  await post(
    tx,
    { kind: 'order_completed', currency: order.currency, ...ofOrder(order.id) },
    orderCompleted(nets, feeMinor),
  );
  // A seller whose whole price is the platform's fee gets nothing, so there is no transfer.
  const owed = [...nets].filter(([, netMinor]) => netMinor > 0);
  const transfers =
    owed.length === 0
      ? []
      : await tx
          .insert(sellerTransfers)
          .values(
            owed.map(([sellerId, amountMinor]) => ({
              id: uuidv7(),
              orderId: order.id,
              sellerId,
              amountMinor,
              currency: order.currency,
            })),
          )
          .returning();
  await tellOfOrder(tx, order, items.length);
  return { status: 'completed', transfers: transfers.map(transferLabel) };
}

async function failOrder(
  tx: Tx,
  order: Order,
  fact: PaymentReport,
  reason = fact.message ?? 'the payment failed',
): Promise<SettledPayment> {
  if (order.status === 'failed') return { status: 'failed', reason: order.failureReason ?? reason };
  if (order.status !== 'pending') return { status: 'already_decided' };
  const isDead = fact.dead === true || fact.verdict === 'cancelled_post_capture';
  await transitionOrder(tx, order, 'failed', {
    failureReason: reason,
    paymentWatchedUntil: isDead ? null : watchedFromNow(),
  });
  return { status: 'failed', reason };
}

const CANCELLED = 'cancelled_post_capture';

/**
 * The report came before that of its capture: the order keeps it, so that the capture is not given back a second
 * time.
 */
async function noteCancelledCapture(tx: Tx, order: Order, fact: PaymentReport): Promise<SettledPayment> {
  const noted = await transitionOrder(tx, order, order.status, {
    paymentStatus: CANCELLED,
    paymentWatchedUntil: null,
  });
  return failOrder(tx, noted, fact, fact.message ?? 'cancelled after capture');
}

const isAsBooked = (order: Order, { receivedMinor, currency }: PaymentReport) =>
  receivedMinor === null || (receivedMinor === order.capturedMinor && currency === order.capturedCurrency);

/** The payment was captured again, or with an amount that differs from the books: people decide whose that money is. */
async function flagDiffering(
  tx: Tx,
  order: Order,
  { receivedMinor, currency }: PaymentReport,
): Promise<void> {
  const said = formatMoney(receivedMinor ?? 0, currency ?? order.currency);
  const booked = formatMoney(order.capturedMinor ?? 0, order.capturedCurrency ?? order.currency);
  await raiseFlag(
    tx,
    'capture_differs',
    orderWorkflowId(order.id),
    `The PSP says that ${said} was captured, the books have ${booked}`,
  );
}

/** For a repeated attempt or a replayed webhook: gives the first result, and finds the work that was not started. */
async function resumeSettled(tx: Tx, order: Order): Promise<SettledPayment> {
  const unsent = await tx
    .select()
    .from(sellerTransfers)
    .where(and(eq(sellerTransfers.orderId, order.id), eq(sellerTransfers.status, 'pending')));
  if (unsent.length > 0 || order.status === 'completed') {
    return { status: 'completed', transfers: unsent.map(transferLabel) };
  }
  const open = await findGiveBack(tx, { kind: 'order', id: order.id });
  if (open) return { status: 'given_back', ...open };
  return { status: 'already_decided' };
}
