import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { VezaError } from '../../domain/kernel/errors.ts';
import type { Tx } from '../client.ts';
import { orders, refunds, sellerPayouts, sellerTransfers, transferReversals } from '../schema.ts';
import type { Order } from './orders/move.ts';
import type { Payout } from '../payouts/move.ts';
import type { Refund } from './refunds/move.ts';
import type { Reversal } from './reversals/move.ts';
import type { Transfer } from './transfers/move.ts';

// Row locks, always taken in this order: people who act by id (admins, a buyer who places an order), approval, orders by id,
// refund, transfers by id, reversals by id, payouts by id, balances (see ledger/post.ts).
// Whoever locks in another order can wait for a transaction that waits for it. NO KEY UPDATE, since a stronger lock would
// also wait for every insert that merely refers to the row: a ledger entry of another verb, and then both wait.

/** Something that a verb was told to act on is not there: a defect or a database that was cut back. */
export class MissingRow extends Error {
  override readonly name = 'MissingRow';
  readonly id: string;

  constructor(what: string, id: string) {
    super(`there is no ${what} ${id}`);
    this.id = id;
  }
}

type Named = 'order' | 'refund' | 'transfer' | 'reversal' | 'payout';

/** Locks what an operator names: what is not there is their mistake, and no defect. Throws `…_not_found`. */
export async function lockNamed<Row>(
  tx: Tx,
  what: Named,
  id: string,
  lock: (tx: Tx, id: string) => Promise<Row>,
): Promise<Row> {
  try {
    return await lock(tx, id);
  } catch (error) {
    if (!(error instanceof MissingRow) || error.id !== id) throw error;
    throw new VezaError(`${what}_not_found`, `There is no ${what} ${id}.`);
  }
}

export async function lockOrder(tx: Tx, orderId: string): Promise<Order> {
  const [order] = await tx.select().from(orders).where(eq(orders.id, orderId)).for('no key update');
  if (order === undefined) throw new MissingRow('order', orderId);
  return order;
}

/** Locks a refund after its order, whose id is read first. */
export async function lockRefund(tx: Tx, refundId: string): Promise<{ order: Order; refund: Refund }> {
  const [found] = await tx.select({ orderId: refunds.orderId }).from(refunds).where(eq(refunds.id, refundId));
  if (found === undefined) throw new MissingRow('refund', refundId);
  const order = await lockOrder(tx, found.orderId);
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId)).for('no key update');
  if (refund === undefined) throw new MissingRow('refund', refundId);
  return { order, refund };
}

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

export async function lockPayout(tx: Tx, payoutId: string): Promise<Payout> {
  const [payout] = await tx
    .select()
    .from(sellerPayouts)
    .where(eq(sellerPayouts.id, payoutId))
    .for('no key update');
  if (payout === undefined) throw new MissingRow('payout', payoutId);
  return payout;
}

/** Locks a reversal after its transfer, whose id is read first. */
export async function lockReversal(
  tx: Tx,
  reversalId: string,
): Promise<{ transfer: Transfer; reversal: Reversal }> {
  const [found] = await tx
    .select({ transferId: transferReversals.transferId })
    .from(transferReversals)
    .where(eq(transferReversals.id, reversalId));
  if (found === undefined) throw new MissingRow('reversal', reversalId);
  const transfer = await lockTransfer(tx, found.transferId);
  const [reversal] = await tx
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.id, reversalId))
    .for('no key update');
  if (reversal === undefined) throw new MissingRow('reversal', reversalId);
  return { transfer, reversal };
}

/** Rows that one action on many is about, by their ids. */
export interface ManyRows {
  readonly transferIds: readonly string[];
  readonly reversalIds: readonly string[];
  readonly payoutIds: readonly string[];
}

/** Locks all that an action on many will lock row by row, in the order of the whole, so that its own order is free. */
export async function lockMany(tx: Tx, { transferIds, reversalIds, payoutIds }: ManyRows): Promise<void> {
  const ofReversals = reversalIds.length === 0 ? [] : await transfersOf(tx, reversalIds);
  if (transferIds.length > 0) {
    const ordersOfThem = tx
      .select({ id: sellerTransfers.orderId })
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.id, [...transferIds]));
    await tx
      .select({ id: orders.id })
      .from(orders)
      .where(inArray(orders.id, ordersOfThem))
      .orderBy(asc(orders.id))
      .for('no key update');
  }
  const allTransfers = [...new Set([...transferIds, ...ofReversals])];
  if (allTransfers.length > 0) {
    await tx
      .select({ id: sellerTransfers.id })
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.id, allTransfers))
      .orderBy(asc(sellerTransfers.id))
      .for('no key update');
  }
  if (payoutIds.length > 0) {
    await tx
      .select({ id: sellerPayouts.id })
      .from(sellerPayouts)
      .where(inArray(sellerPayouts.id, [...payoutIds]))
      .orderBy(asc(sellerPayouts.id))
      .for('no key update');
  }
}

/** A reversal is covered by its transfer's lock. */
async function transfersOf(tx: Tx, reversalIds: readonly string[]): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ id: transferReversals.transferId })
    .from(transferReversals)
    .where(inArray(transferReversals.id, [...reversalIds]));
  return rows.map((row) => row.id);
}

/** A seller's transfers of an order, the current one apart from those whose place it has taken. */
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

/** A transfer's reversals that count, oldest first, locked: not those whose retry has taken their place. */
export async function lockCurrentReversals(tx: Tx, transferId: string): Promise<Reversal[]> {
  const retry = alias(transferReversals, 'retry');
  const current = await tx
    .select({ id: transferReversals.id })
    .from(transferReversals)
    .leftJoin(retry, eq(retry.retryOf, transferReversals.id))
    .where(and(eq(transferReversals.transferId, transferId), isNull(retry.id)));
  if (current.length === 0) return [];
  return tx
    .select()
    .from(transferReversals)
    .where(
      inArray(
        transferReversals.id,
        current.map((row) => row.id),
      ),
    )
    .orderBy(asc(transferReversals.createdAt), asc(transferReversals.id))
    .for('no key update');
}
