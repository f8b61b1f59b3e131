import { and, asc, eq, inArray, notExists } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { type Order, orders } from './orders/schema.ts';
import { type Refund, refunds } from './refunds/schema.ts';
import { type Reversal, type Transfer, sellerTransfers, transferReversals } from './transfers/schema.ts';
import { lockNamed, MissingRow } from '../kernel/index.ts';
import { lockPurchase, type Purchase, paymentOf, type Purchases } from './purchase.ts';

export async function lockOrder(tx: Tx, orderId: string): Promise<Order> {
  const [order] = await tx.select().from(orders).where(eq(orders.id, orderId)).for('no key update');
  if (order === undefined) throw new MissingRow('order', orderId);
  return order;
}

/** Locks a refund after what it is of, whose id is read first. */
export async function lockRefund(
  tx: Tx,
  refundId: string,
  purchases: Purchases,
): Promise<{ purchase: Purchase; refund: Refund }> {
  const [found] = await tx
    .select({ orderId: refunds.orderId, invoiceId: refunds.invoiceId, paymentId: refunds.paymentId })
    .from(refunds)
    .where(eq(refunds.id, refundId));
  if (found === undefined) throw new MissingRow('refund', refundId);
  const purchase = await lockPurchase(tx, paymentOf(found), purchases);
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId)).for('no key update');
  if (refund === undefined) throw new MissingRow('refund', refundId);
  return { purchase, refund };
}

/** The same for one that an operator names: what is not there is their mistake. Throws `refund_not_found`. */
export const lockNamedRefund = (tx: Tx, refundId: string, purchases: Purchases) =>
  lockNamed(tx, 'refund', refundId, () => lockRefund(tx, refundId, purchases));

export async function lockTransfer(tx: Tx, transferId: string): Promise<Transfer> {
  const [transfer] = await tx
    .select()
    .from(sellerTransfers)
    .where(eq(sellerTransfers.id, transferId))
    .for('no key update');
  if (transfer === undefined) throw new MissingRow('transfer', transferId);
  return transfer;
}

/** Locks a transfer after its order, whose id is read first. */
export async function lockTransferOfOrder(tx: Tx, transferId: string): Promise<Transfer> {
  const [found] = await tx
    .select({ orderId: sellerTransfers.orderId })
    .from(sellerTransfers)
    .where(eq(sellerTransfers.id, transferId));
  if (found === undefined) throw new MissingRow('transfer', transferId);
  await lockOrder(tx, found.orderId);
  return lockTransfer(tx, transferId);
}

/** Locks a reversal after its transfer: PostgreSQL takes the locks in the order of their list. */
export async function lockReversal(
  tx: Tx,
  reversalId: string,
): Promise<{ transfer: Transfer; reversal: Reversal }> {
  const [locked] = await tx
    .select({ transfer: sellerTransfers, reversal: transferReversals })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(eq(transferReversals.id, reversalId))
    .for('no key update', { of: [sellerTransfers, transferReversals] });
  if (locked === undefined) throw new MissingRow('reversal', reversalId);
  return locked;
}

/** A seller's transfers of an order: the current one, and those that it replaced. */
export interface TransferChain {
  readonly current: Transfer | undefined;
  /** Oldest first. After a returned refund an earlier one may still be with the seller in part. */
  readonly earlier: readonly Transfer[];
}

/** Locks an order's transfers to these sellers, by id. */
export async function lockTransferChains(
  tx: Tx,
  orderId: string,
  sellerIds: readonly string[],
): Promise<ReadonlyMap<string, TransferChain>> {
  if (sellerIds.length === 0) return new Map();
  const rows = await tx
    .select()
    .from(sellerTransfers)
    .where(and(eq(sellerTransfers.orderId, orderId), inArray(sellerTransfers.sellerId, [...sellerIds])))
    .orderBy(asc(sellerTransfers.id))
    .for('no key update');
  const superseded = new Set(rows.map((row) => row.retryOf));
  return new Map(
    sellerIds.map((sellerId) => {
      const own = rows.filter((row) => row.sellerId === sellerId);
      return [
        sellerId,
        {
          current: own.find((row) => !superseded.has(row.id)),
          earlier: own.filter((row) => superseded.has(row.id)),
        },
      ];
    }),
  );
}

/** A transfer's reversals that count, oldest first, locked: without those that a retry replaced. The transfer is locked. */
export async function lockCurrentReversals(tx: Tx, transferId: string): Promise<Reversal[]> {
  const retry = alias(transferReversals, 'retry');
  const replaced = tx.select({ id: retry.id }).from(retry).where(eq(retry.retryOf, transferReversals.id));
  return tx
    .select()
    .from(transferReversals)
    .where(and(eq(transferReversals.transferId, transferId), notExists(replaced)))
    .orderBy(asc(transferReversals.createdAt), asc(transferReversals.id))
    .for('no key update');
}
