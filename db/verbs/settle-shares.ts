import { and, asc, eq, inArray, isNull, ne, sql } from 'drizzle-orm';
import { refundSucceeded, type RefundShare, suspendedPaymentReturned } from '../../domain/ledger.ts';
import { sumMinor } from '../../domain/money.ts';
import type { Tx } from '../client.ts';
import { fundsOf, lockFunds, post } from '../ledger/post.ts';
import { isSuspended, type Order } from '../moves/order.ts';
import type { Refund } from '../moves/refund.ts';
import type { Transfer } from '../moves/transfer.ts';
import { licenses, orderItems, refundAllocations, refunds, type SellerSource } from '../schema/index.ts';
import { claimSuspense } from './claim-suspense.ts';
import { type ReversalWork, transferLabel, type TransferWork } from './labels.ts';
import { lockCurrentReversals, lockCurrentTransfers } from './lock.ts';
import { openReversal } from './open-reversal.ts';
import { recomputeOrder } from './recompute-order.ts';
import { withhold } from './withhold.ts';

export interface SettledRefund {
  /** Reversals that want a workflow of their own. */
  readonly reversals: readonly ReversalWork[];
  /** Transfers whose workflow waits for something that this refund changed. */
  readonly transfers: readonly TransferWork[];
}

interface ShareOfSeller {
  readonly sellerId: string;
  readonly items: readonly { readonly itemId: string; readonly sellerMinor: number }[];
  readonly amountMinor: number;
}

/**
 * Everything that a refund's success changes, whoever made it: shares, ledger, licences and the order. The order must
 * be locked, the refund `succeeded` with its allocations and excess.
 */
export async function settleShares(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  const settled = isSuspended(order)
    ? await returnSuspended(tx, order, refund)
    : await takeShares(tx, order, refund);
  const refundedMinor = order.refundedMinor + refund.amountMinor - refund.excessMinor;
  await revokeLicenses(tx, await recomputeOrder(tx, order, refundedMinor), refund);
  return settled;
}

const postingOf = (order: Order, refund: Refund) =>
  ({ kind: 'refund_succeeded', currency: refund.currency, orderId: order.id, refundId: refund.id }) as const;

/** Money of a payment that no order took has no allocations: it leaves the way it was held. */
async function returnSuspended(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  await post(tx, postingOf(order, refund), suspendedPaymentReturned(refund.amountMinor, refund.excessMinor));
  return { reversals: [], transfers: [] };
}

async function takeShares(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  const { shares, feeMinor } = await readShares(tx, refund.id);
  const sellerIds = shares.map((share) => share.sellerId);
  const transfers = new Map(
    (await lockCurrentTransfers(tx, order.id, sellerIds)).map((transfer) => [transfer.sellerId, transfer]),
  );
  const funds = await lockFunds(tx, sellerIds, order.currency);
  const posted: RefundShare[] = [];
  const reversals: ReversalWork[] = [];
  const woken: TransferWork[] = [];
  for (const share of shares) {
    const transfer = transfers.get(share.sellerId);
    const leftMinor =
      (await leftOfShare(tx, order.id, share.sellerId, refund.id)) -
      (transfer === undefined ? 0 : await takenByOtherOrders(tx, order.id, transfer.id));
    const feesOwedMinor = Math.max(share.amountMinor - Math.max(leftMinor, 0), 0);
    const takenMinor = share.amountMinor - feesOwedMinor;
    const source = transfer === undefined ? 'withheld' : sourceOf(transfer);
    await markSource(tx, refund.id, share, source, feesOwedMinor);
    if (transfer === undefined || takenMinor === 0) {
      if (takenMinor > 0) throw new Error(`order ${order.id} has no transfer to seller ${share.sellerId}`);
      posted.push({ ...share, feesOwedMinor, from: 'pending' });
      continue;
    }
    if (source === 'available') {
      const suspenseMinor = await claimSuspense(tx, transfer.id, takenMinor);
      const from = { from: 'available', suspenseMinor, funds: fundsOf(funds, share.sellerId) } as const;
      posted.push({ ...share, feesOwedMinor, ...from });
      const restMinor = takenMinor - suspenseMinor;
      if (restMinor > 0) reversals.push(await openReversal(tx, transfer, refund.id, restMinor));
      continue;
    }
    posted.push({ ...share, feesOwedMinor, from: 'pending' });
    if (source === 'withheld') {
      const rest = await withhold(tx, transfer, takenMinor);
      // One that still sends something keeps its time; one that has ended lets its workflow end.
      if (rest.status === 'permanently_failed') woken.push(transferLabel(rest));
    }
  }
  await post(tx, postingOf(order, refund), refundSucceeded(posted, feeMinor, refund.excessMinor));
  return { reversals, transfers: woken };
}

async function readShares(tx: Tx, refundId: string): Promise<{ shares: ShareOfSeller[]; feeMinor: number }> {
  const rows = await tx
    .select({
      itemId: refundAllocations.orderItemId,
      sellerId: orderItems.sellerId,
      sellerMinor: refundAllocations.sellerMinor,
      feeMinor: refundAllocations.feeMinor,
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .where(eq(refundAllocations.refundId, refundId))
    .orderBy(asc(orderItems.sellerId), asc(orderItems.position));
  const sellerIds = [...new Set(rows.map((row) => row.sellerId))];
  const shares = sellerIds.map((sellerId) => {
    const items = rows.filter((row) => row.sellerId === sellerId);
    return { sellerId, items, amountMinor: sumMinor(items.map((item) => item.sellerMinor)) };
  });
  return {
    shares: shares.filter((share) => share.amountMinor > 0),
    feeMinor: sumMinor(rows.map((row) => row.feeMinor)),
  };
}

/**
 * What earlier refunds have left of a seller's share of an order, sent or to be sent, in minor units. Only where the
 * platform keeps its fee can a refund want more.
 */
async function leftOfShare(tx: Tx, orderId: string, sellerId: string, refundId: string): Promise<number> {
  const own = and(eq(orderItems.orderId, orderId), eq(orderItems.sellerId, sellerId));
  const [share] = await tx
    .select({
      minor: sql<number>`sum(${orderItems.amountMinor} - ${orderItems.platformFeeMinor})`.mapWith(Number),
    })
    .from(orderItems)
    .where(own);
  const [taken] = await tx
    .select({
      minor:
        sql<number>`coalesce(sum(${refundAllocations.sellerMinor} - ${refundAllocations.feesOwedMinor}), 0)`.mapWith(
          Number,
        ),
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(and(own, eq(refunds.status, 'succeeded'), ne(refunds.id, refundId)));
  return (share?.minor ?? 0) - (taken?.minor ?? 0);
}

/** What a transfer has given for fees that the platform kept on the seller's other orders. */
async function takenByOtherOrders(tx: Tx, orderId: string, transferId: string): Promise<number> {
  const rows = await lockCurrentReversals(tx, transferId);
  const refundIds = rows.flatMap((row) => (row.refundId === null ? [] : [row.refundId]));
  if (refundIds.length === 0) return 0;
  const others = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(inArray(refunds.id, refundIds), ne(refunds.orderId, orderId)));
  const ids = new Set(others.map((refund) => refund.id));
  return sumMinor(rows.filter((row) => ids.has(row.refundId ?? '')).map((row) => row.amountMinor));
}

/** Never the other: a share of a transfer that has not completed is still in `pending`, whatever `available` holds. */
function sourceOf(transfer: Transfer): SellerSource {
  if (transfer.completedAt !== null) return 'available';
  return transfer.askedAt === null ? 'withheld' : 'in_flight';
}

/** Writes where each item's share came from; what goes to kept fees is counted on the last items first. */
async function markSource(
  tx: Tx,
  refundId: string,
  share: ShareOfSeller,
  sellerSource: SellerSource,
  feesOwedMinor: number,
): Promise<void> {
  let restMinor = feesOwedMinor;
  for (const { itemId, sellerMinor } of share.items.toReversed()) {
    const ofItemMinor = Math.min(sellerMinor, restMinor);
    restMinor -= ofItemMinor;
    await tx
      .update(refundAllocations)
      .set({ sellerSource, feesOwedMinor: ofItemMinor })
      .where(and(eq(refundAllocations.refundId, refundId), eq(refundAllocations.orderItemId, itemId)));
  }
}

async function revokeLicenses(tx: Tx, order: Order, refund: Refund): Promise<void> {
  const whole = order.capturedMinor === order.refundedMinor;
  if (!whole && !refund.byItems) return;
  const named = tx
    .select({ id: refundAllocations.orderItemId })
    .from(refundAllocations)
    .where(eq(refundAllocations.refundId, refund.id));
  const all = tx.select({ id: orderItems.id }).from(orderItems).where(eq(orderItems.orderId, order.id));
  await tx
    .update(licenses)
    .set({ revokedAt: sql`clock_timestamp()` })
    .where(and(inArray(licenses.orderItemId, whole ? all : named), isNull(licenses.revokedAt)));
}
