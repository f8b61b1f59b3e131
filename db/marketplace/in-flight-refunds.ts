import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import type { Transfer } from './transfers/schema.ts';
import { orderItems } from './orders/schema.ts';
import { refundAllocations, refunds } from './refunds/schema.ts';

/** How much each refund took of a transfer while Stripe had been asked for the whole, in minor units. */
export async function readInFlightRefunds(
  tx: Tx,
  transfer: Transfer,
): Promise<readonly { readonly refundId: string; readonly amountMinor: number }[]> {
  return tx
    .select({
      refundId: refundAllocations.refundId,
      amountMinor: sql<number>`sum(${refundAllocations.inFlightMinor})`.mapWith(Number),
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(orderItems.orderId, transfer.orderId),
        eq(orderItems.sellerId, transfer.sellerId),
        gt(refundAllocations.inFlightMinor, 0),
      ),
    )
    .groupBy(refundAllocations.refundId, refunds.succeededAt)
    .orderBy(asc(refunds.succeededAt), asc(refundAllocations.refundId));
}

/** The transfer completed, and reversals for these refunds are open: no later transfer counts them again. */
export async function settleInFlightRefunds(tx: Tx, transfer: Transfer): Promise<void> {
  await tx.execute(sql`
    UPDATE ${refundAllocations} SET in_flight_minor = 0
    FROM ${orderItems}
    WHERE ${ofTransfer(transfer)}`);
}

/** Once Stripe surely has no transfer, the amounts refunded meanwhile are simply not sent. */
export async function withholdInFlightRefunds(tx: Tx, transfer: Transfer): Promise<void> {
  await tx.execute(sql`
    UPDATE ${refundAllocations} SET seller_source = 'withheld', in_flight_minor = 0
    FROM ${orderItems}
    WHERE ${ofTransfer(transfer)}`);
}

/**
 * The newest refunds that reduced a transfer which was thought unsent, and whose shares add up to exactly this
 * amount; null where none do. Minor units.
 */
export async function readWithheldSince(
  db: Db | Tx,
  transfer: Transfer,
  totalMinor: number,
): Promise<readonly { readonly refundId: string; readonly orderItemId: string }[] | null> {
  const rows = await db
    .select({
      refundId: refundAllocations.refundId,
      orderItemId: refundAllocations.orderItemId,
      minor: WITHHELD_MINOR.mapWith(Number),
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(orderItems.orderId, transfer.orderId),
        eq(orderItems.sellerId, transfer.sellerId),
        eq(refundAllocations.sellerSource, 'withheld'),
        eq(refunds.status, 'succeeded'),
      ),
    )
    .orderBy(desc(refunds.succeededAt), desc(refundAllocations.refundId));
  const taken: { refundId: string; orderItemId: string }[] = [];
  let leftMinor = totalMinor;
  for (const { refundId, orderItemId, minor } of rows) {
    if (leftMinor <= 0) break;
    leftMinor -= minor;
    taken.push({ refundId, orderItemId });
  }
  return leftMinor === 0 ? taken : null;
}

/** The withheld shares were sent after all: the completing transfer takes them back. */
export async function sendWithheldAfterAll(tx: Tx, transfer: Transfer, totalMinor: number): Promise<void> {
  const taken = await readWithheldSince(tx, transfer, totalMinor);
  if (taken === null) throw new Error(`transfer ${transfer.id} has not withheld ${totalMinor}`);
  for (const { refundId, orderItemId } of taken) {
    await tx
      .update(refundAllocations)
      .set({ sellerSource: 'in_flight', inFlightMinor: WITHHELD_MINOR })
      .where(and(eq(refundAllocations.refundId, refundId), eq(refundAllocations.orderItemId, orderItemId)));
  }
}

const WITHHELD_MINOR = sql<number>`${refundAllocations.sellerMinor} - ${refundAllocations.feesOwedMinor} - ${refundAllocations.writtenOffMinor}`;

const ofTransfer = ({ orderId, sellerId }: Transfer) => sql`
  ${orderItems.id} = ${refundAllocations.orderItemId}
  AND ${orderItems.orderId} = ${orderId}
  AND ${orderItems.sellerId} = ${sellerId}
  AND ${refundAllocations.inFlightMinor} > 0`;
