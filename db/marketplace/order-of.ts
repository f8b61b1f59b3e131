import { eq } from 'drizzle-orm';
import type { Subject } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { refunds } from './refunds/schema.ts';
import { sellerTransfers, transferReversals } from './transfers/schema.ts';

/** The order that a row belongs to; null where there is no such row, or it belongs to none. */
export async function orderOf(db: Db, { kind, id }: Subject): Promise<string | null> {
  if (kind === 'order') return id;
  if (kind === 'refund') {
    const [refund] = await db.select({ orderId: refunds.orderId }).from(refunds).where(eq(refunds.id, id));
    return refund?.orderId ?? null;
  }
  if (kind === 'transfer') {
    const [transfer] = await db
      .select({ orderId: sellerTransfers.orderId })
      .from(sellerTransfers)
      .where(eq(sellerTransfers.id, id));
    return transfer?.orderId ?? null;
  }
  if (kind !== 'reversal') return null;
  const [reversal] = await db
    .select({ orderId: sellerTransfers.orderId })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(eq(transferReversals.id, id));
  return reversal?.orderId ?? null;
}
