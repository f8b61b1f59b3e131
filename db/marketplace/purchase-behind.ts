import { eq } from 'drizzle-orm';
import type { Subject } from '../../domain/kernel/index.ts';
import type { PurchaseRef } from '../../domain/marketplace/purchase.ts';
import type { Db } from '../client.ts';
import { purchaseOf } from './purchase.ts';
import { refunds } from './refunds/schema.ts';
import { sellerTransfers, transferReversals } from './transfers/schema.ts';

/** The purchase that a row belongs to; null where there is no such row, or it belongs to none. */
export async function purchaseBehind(db: Db, { kind, id }: Subject): Promise<PurchaseRef | null> {
  if (kind === 'order') return { kind, id };
  if (kind === 'refund') {
    const [refund] = await db.select().from(refunds).where(eq(refunds.id, id));
    return refund === undefined ? null : purchaseOf(refund);
  }
  if (kind === 'transfer') {
    const [transfer] = await db
      .select({ orderId: sellerTransfers.orderId })
      .from(sellerTransfers)
      .where(eq(sellerTransfers.id, id));
    return transfer === undefined ? null : { kind: 'order', id: transfer.orderId };
  }
  if (kind !== 'reversal') return null;
  const [reversal] = await db
    .select({ orderId: sellerTransfers.orderId })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(eq(transferReversals.id, id));
  return reversal === undefined ? null : { kind: 'order', id: reversal.orderId };
}
