import { and, eq, ne, sql } from 'drizzle-orm';
import {
  type Allocation,
  allocateAmount,
  allocatedMinor,
  type FeePolicy,
  type ItemLeft,
  leftMinor,
} from '../../../domain/marketplace/shares.ts';
import type { Tx } from '../../client.ts';
import { isSuspended } from './transition.ts';
import { type Order, orderItems } from './schema.ts';
import { transitionRefund } from '../refunds/transition.ts';
import { type Refund, refundAllocations, refunds } from '../refunds/schema.ts';
import { readRefundableOrder } from './refundable-order.ts';

/**
 * Takes the shares for a refund that was not asked of us: first from what no refund holds, last from the open
 * refund's shares; `named` items first. Writes the allocations, and returns what goes beyond the order's money, in
 * minor units. The order must be locked.
 */
export async function holdShares(
  tx: Tx,
  order: Order,
  refund: Pick<Refund, 'id' | 'amountMinor'>,
  feePolicy: FeePolicy,
  named: readonly string[] = [],
): Promise<number> {
  // A payment that no order took is held as a whole.
  if (isSuspended(order)) {
    const heldMinor = (order.capturedMinor ?? 0) - order.refundedMinor;
    return Math.max(refund.amountMinor - heldMinor, 0);
  }
  const snapshot = await readRefundableOrder(tx, order.id);
  if (snapshot === null) throw new Error(`order ${order.id} is locked and not there`);
  const isNamed = (item: ItemLeft) => named.includes(item.orderItemId);
  const ofNamed = takeFree(refund.amountMinor, snapshot.items.filter(isNamed), feePolicy);
  const restMinor = refund.amountMinor - allocatedMinor(ofNamed);
  const others = snapshot.items.filter((item) => !isNamed(item));
  const ofOthers = takeFree(restMinor, others, feePolicy);
  const free = [...ofNamed, ...ofOthers];
  const wantedMinor = refund.amountMinor - allocatedMinor(free);
  const fromOpen = await takeFromOpen(tx, order.id, refund.id, wantedMinor, feePolicy);
  const allocations = merge([...free, ...fromOpen]);
  if (allocations.length > 0) {
    await tx.insert(refundAllocations).values(
      allocations.map(({ orderItemId, sellerMinor, feeMinor }) => ({
        refundId: refund.id,
        orderItemId,
        sellerMinor,
        feeMinor,
      })),
    );
  }
  return refund.amountMinor - allocatedMinor(allocations);
}

const takeFree = (wantedMinor: number, items: readonly ItemLeft[], feePolicy: FeePolicy) =>
  allocateAmount(Math.min(wantedMinor, leftMinor(items)), items, feePolicy);

/**
 * What of a refund that succeeds goes beyond the order's money, in minor units. It takes its shares anew where it no longer
 * holds them as they are: it had failed, and others may have been given back meanwhile, or another amount was done than was
 * asked for.
 */
export async function excessOf(
  tx: Tx,
  order: Order,
  { refund, done }: { readonly refund: Refund; readonly done: Refund },
  feePolicy: FeePolicy,
): Promise<number> {
  const isHeld = refund.status !== 'failed' && done.amountMinor === refund.amountMinor;
  if (isHeld && !isSuspended(order)) return refund.excessMinor;
  if (isSuspended(order)) return holdShares(tx, order, done, feePolicy);
  const released = await tx
    .delete(refundAllocations)
    .where(eq(refundAllocations.refundId, refund.id))
    .returning();
  // Items that it named bear it before any other does, and give their licences back.
  const named = refund.byItems ? released.map((allocation) => allocation.orderItemId) : [];
  return holdShares(tx, order, done, feePolicy, named);
}

/** Takes shares away from the open refund: if it succeeds too, that much is beyond the order. */
async function takeFromOpen(
  tx: Tx,
  orderId: string,
  refundId: string,
  wantedMinor: number,
  feePolicy: FeePolicy,
): Promise<Allocation[]> {
  if (wantedMinor === 0) return [];
  const [open] = await tx
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.status, 'pending'), ne(refunds.id, refundId)))
    .for('no key update');
  if (open === undefined) return [];
  const held = await tx
    .select({
      orderItemId: refundAllocations.orderItemId,
      sellerId: orderItems.sellerId,
      sellerLeftMinor: refundAllocations.sellerMinor,
      feeLeftMinor: refundAllocations.feeMinor,
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .where(eq(refundAllocations.refundId, open.id));
  const takenMinor = Math.min(wantedMinor, leftMinor(held));
  // Divided as the open refund held it; its allocation decided whether the fee is kept.
  const taken = allocateAmount(takenMinor, held);
  for (const { orderItemId, sellerMinor, feeMinor } of taken) {
    const before = held.find((item) => item.orderItemId === orderItemId);
    if (before === undefined) continue;
    const ofItem = and(
      eq(refundAllocations.refundId, open.id),
      eq(refundAllocations.orderItemId, orderItemId),
    );
    const rest = {
      sellerMinor: before.sellerLeftMinor - sellerMinor,
      feeMinor: before.feeLeftMinor - feeMinor,
    };
    if (rest.sellerMinor + rest.feeMinor === 0) await tx.delete(refundAllocations).where(ofItem);
    else await tx.update(refundAllocations).set(rest).where(ofItem);
  }
  await transitionRefund(tx, open, 'pending', { excessMinor: open.excessMinor + takenMinor });
  if (feePolicy === 'refund') return taken;
  return taken.map((one) => ({ ...one, sellerMinor: one.sellerMinor + one.feeMinor, feeMinor: 0 }));
}

/**
 * The order has money again that the open refund had to give up: the refund holds its shares again, as far as the
 * money goes. The order must be locked.
 */
export async function holdAgain(tx: Tx, orderId: string, feePolicy: FeePolicy): Promise<void> {
  const [open] = await tx
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.status, 'pending')))
    .for('no key update');
  if (open === undefined || open.excessMinor === 0) return;
  const snapshot = await readRefundableOrder(tx, orderId);
  if (snapshot === null) throw new Error(`order ${orderId} is locked and not there`);
  const taken = takeFree(open.excessMinor, snapshot.items, feePolicy);
  for (const { orderItemId, sellerMinor, feeMinor } of taken) {
    await tx
      .insert(refundAllocations)
      .values({ refundId: open.id, orderItemId, sellerMinor, feeMinor })
      .onConflictDoUpdate({
        target: [refundAllocations.refundId, refundAllocations.orderItemId],
        set: {
          sellerMinor: sql`${refundAllocations.sellerMinor} + ${sellerMinor}`,
          feeMinor: sql`${refundAllocations.feeMinor} + ${feeMinor}`,
        },
      });
  }
  await transitionRefund(tx, open, 'pending', { excessMinor: open.excessMinor - allocatedMinor(taken) });
}

function merge(allocations: readonly Allocation[]): Allocation[] {
  const byItem = new Map<string, Allocation>();
  for (const one of allocations) {
    const before = byItem.get(one.orderItemId);
    byItem.set(one.orderItemId, {
      ...one,
      sellerMinor: one.sellerMinor + (before?.sellerMinor ?? 0),
      feeMinor: one.feeMinor + (before?.feeMinor ?? 0),
    });
  }
  return [...byItem.values()];
}
