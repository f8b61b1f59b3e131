import { asc, eq, gt, inArray, sql } from 'drizzle-orm';
import { orderWorkflowId } from '../../domain/marketplace/index.ts';
import type { Db } from '../client.ts';
import { disputes, refunds, orders, sellerTransfers, transferReversals } from '../marketplace/index.ts';
import { sellerAccounts } from '../sellers/index.ts';

/** What the PSP should hold by a payment of ours. Minor units. */
export interface PaymentClaims {
  /** What an operator searches by. */
  readonly subject: string;
  readonly paymentId: string | null;
  /** Of the order, or of the attempt. */
  readonly status: string;
  /** What was taken by it; null where nothing was. */
  readonly captured: { readonly amountMinor: number; readonly currency: string } | null;
  readonly refundedMinor: number;
  readonly refunds: readonly RefundClaim[];
  readonly disputes: readonly DisputeClaim[];
}

/** What the providers should hold by an order's rows. Minor units. */
export interface OrderClaims extends PaymentClaims {
  readonly orderId: string;
  readonly transfers: readonly TransferClaim[];
}

export type RefundClaim = Pick<
  typeof refunds.$inferSelect,
  'id' | 'kind' | 'status' | 'amountMinor' | 'currency' | 'hyperswitchRefundId'
>;

export type DisputeClaim = Pick<
  typeof disputes.$inferSelect,
  'id' | 'status' | 'amountMinor' | 'currency' | 'providerDisputeId' | 'unbookedWhy'
>;

export type TransferClaim = Pick<
  typeof sellerTransfers.$inferSelect,
  'id' | 'status' | 'amountMinor' | 'currency' | 'stripeTransferId' | 'completedAt'
> & {
  /** The account that the transfer went to, or would go to while Stripe was not asked. */
  readonly destination: string | null;
  readonly reversals: readonly ReversalClaim[];
};

export type ReversalClaim = Pick<
  typeof transferReversals.$inferSelect,
  'id' | 'status' | 'amountMinor' | 'coveredMinor' | 'stripeReversalId'
>;

/** The next orders, by id, also those that took nothing: a provider may say otherwise. `only`: reads these again. */
export async function readOrderClaims(
  db: Db,
  ask: { readonly afterId: string | null; readonly limit: number } | { readonly only: readonly string[] },
): Promise<OrderClaims[]> {
  const columns = {
    orderId: orders.id,
    paymentId: orders.paymentId,
    status: orders.status,
    capturedMinor: orders.capturedMinor,
    capturedCurrency: orders.capturedCurrency,
    refundedMinor: orders.refundedMinor,
  };
  const page = await ('only' in ask
    ? db
        .select(columns)
        .from(orders)
        .where(inArray(orders.id, [...ask.only]))
    : db
        .select(columns)
        .from(orders)
        .where(ask.afterId === null ? undefined : gt(orders.id, ask.afterId))
        .orderBy(asc(orders.id))
        .limit(ask.limit));
  const orderIds = page.map((order) => order.orderId);
  if (orderIds.length === 0) return [];
  const refundRows = await db.select().from(refunds).where(inArray(refunds.orderId, orderIds));
  const disputeRows = await db.select().from(disputes).where(inArray(disputes.orderId, orderIds));
  const transferRows = await readTransfers(db, orderIds);
  const reversalRows = await readReversals(db, orderIds);
  return page.map(({ capturedMinor: amountMinor, capturedCurrency: currency, ...order }) => ({
    ...order,
    subject: orderWorkflowId(order.orderId),
    captured: amountMinor === null || currency === null ? null : { amountMinor, currency },
    refunds: refundRows.filter((row) => row.orderId === order.orderId),
    disputes: disputeRows.filter((row) => row.orderId === order.orderId),
    transfers: transferRows
      .filter((row) => row.orderId === order.orderId)
      .map((row) => ({ ...row, reversals: reversalRows.filter((one) => one.transferId === row.id) })),
  }));
}

function readTransfers(db: Db, orderIds: readonly string[]) {
  return db
    .select({
      id: sellerTransfers.id,
      orderId: sellerTransfers.orderId,
      status: sellerTransfers.status,
      amountMinor: sellerTransfers.amountMinor,
      currency: sellerTransfers.currency,
      stripeTransferId: sellerTransfers.stripeTransferId,
      completedAt: sellerTransfers.completedAt,
      destination: sql<
        string | null
      >`coalesce(${sellerTransfers.stripeAccountId}, ${sellerAccounts.stripeAccountId})`,
    })
    .from(sellerTransfers)
    .leftJoin(sellerAccounts, eq(sellerAccounts.userId, sellerTransfers.sellerId))
    .where(inArray(sellerTransfers.orderId, [...orderIds]));
}

function readReversals(db: Db, orderIds: readonly string[]) {
  return db
    .select({
      id: transferReversals.id,
      transferId: transferReversals.transferId,
      status: transferReversals.status,
      amountMinor: transferReversals.amountMinor,
      coveredMinor: transferReversals.coveredMinor,
      stripeReversalId: transferReversals.stripeReversalId,
    })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(inArray(sellerTransfers.orderId, [...orderIds]));
}
