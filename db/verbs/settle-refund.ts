import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { refundWorkflowId } from '../../domain/ids.ts';
import { refundSucceeded, type RefundShare, suspendedPaymentReturned } from '../../domain/ledger.ts';
import { sumMinor } from '../../domain/money.ts';
import { allocateAmount, leftMinor } from '../../domain/shares.ts';
import type { Db, Tx } from '../client.ts';
import { fundsOf, lockFunds, post } from '../ledger/post.ts';
import type { Order } from '../moves/order.ts';
import { moveRefund, type Refund } from '../moves/refund.ts';
import type { Transfer } from '../moves/transfer.ts';
import { readRefundableOrder } from '../queries/refundable-order.ts';
import {
  licenses,
  orderItems,
  refundAllocations,
  refunds,
  sellerTransfers,
  type SellerSource,
  transferReversals,
} from '../schema/index.ts';
import { claimSuspense } from './claim-suspense.ts';
import { reversalLabel, type ReversalWork, transferLabel, type TransferWork } from './labels.ts';
import { lockCurrentTransfers, lockRefund } from './lock.ts';
import { openReversal } from './open-reversal.ts';
import { raiseFlag } from './raise-flag.ts';
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
  readonly itemIds: readonly string[];
  readonly amountMinor: number;
}

/**
 * Phase 3: the PSP says that the buyer has the money. One transaction: refund, order, licences, balances, ledger, what
 * unsent transfers still send, and a reversal for each share that went out. A replay finds it done and returns what is
 * still to be started.
 */
export async function settleRefund(
  db: Db,
  refundId: string,
  providerRefundId: string | null,
): Promise<SettledRefund> {
  return db.transaction(async (tx) => {
    const { order, refund } = await lockRefund(tx, refundId);
    if (refund.status === 'succeeded' || refund.status === 'returned') return findUnstarted(tx, refundId);
    const excessMinor = refund.status === 'failed' ? await reallocate(tx, refund) : refund.excessMinor;
    const succeeded = await moveRefund(tx, refund, 'succeeded', {
      succeededAt: new Date(),
      excessMinor,
      hyperswitchRefundId: refund.hyperswitchRefundId ?? providerRefundId,
    });
    const settled =
      refund.kind === 'payment_returned'
        ? await returnSuspended(tx, order, succeeded)
        : await takeShares(tx, order, succeeded);
    const recomputed = await recomputeOrder(
      tx,
      order,
      order.refundedMinor + refund.amountMinor - excessMinor,
    );
    await revokeLicenses(tx, recomputed, refund);
    return settled;
  });
}

/**
 * A refund that succeeds after it had failed no longer holds its shares: others may have been given back meanwhile. It
 * takes them anew from what neither succeeded nor open refunds hold; what goes beyond is the excess, in minor units.
 */
async function reallocate(tx: Tx, refund: Refund): Promise<number> {
  await raiseFlag(
    tx,
    'succeeded_after_failed',
    refundWorkflowId(refund.id),
    refund.errorMessage ?? 'no message',
  );
  if (refund.kind === 'payment_returned') return 0;
  const order = await readRefundableOrder(tx, refund.orderId);
  if (order === null) throw new Error(`refund ${refund.id} has no order`);
  const fittingMinor = Math.min(refund.amountMinor, leftMinor(order.items));
  await tx.delete(refundAllocations).where(eq(refundAllocations.refundId, refund.id));
  const allocations = allocateAmount(fittingMinor, order.items);
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
  return refund.amountMinor - fittingMinor;
}

async function returnSuspended(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  await post(
    tx,
    { kind: 'refund_succeeded', currency: refund.currency, orderId: order.id, refundId: refund.id },
    suspendedPaymentReturned(refund.amountMinor),
  );
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
    if (transfer === undefined)
      throw new Error(`order ${order.id} has no transfer to seller ${share.sellerId}`);
    const source = sourceOf(transfer);
    await markSource(tx, refund.id, share, source);
    if (source === 'available') {
      const suspenseMinor = await claimSuspense(tx, transfer.id, share.amountMinor);
      posted.push({ ...share, from: 'available', suspenseMinor, funds: fundsOf(funds, share.sellerId) });
      const restMinor = share.amountMinor - suspenseMinor;
      if (restMinor > 0) reversals.push(await openReversal(tx, transfer, refund.id, restMinor));
      continue;
    }
    posted.push({ ...share, from: 'pending' });
    if (source === 'withheld') {
      await withhold(tx, transfer, share.amountMinor);
      woken.push(transferLabel(transfer));
    }
  }
  await post(
    tx,
    { kind: 'refund_succeeded', currency: refund.currency, orderId: order.id, refundId: refund.id },
    refundSucceeded(posted, feeMinor, refund.excessMinor),
  );
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
    .orderBy(asc(orderItems.sellerId));
  const bySeller = new Map<string, ShareOfSeller>();
  for (const { sellerId, itemId, sellerMinor } of rows) {
    const share = bySeller.get(sellerId) ?? { sellerId, itemIds: [], amountMinor: 0 };
    bySeller.set(sellerId, {
      sellerId,
      itemIds: [...share.itemIds, itemId],
      amountMinor: sumMinor([share.amountMinor, sellerMinor]),
    });
  }
  const shares = [...bySeller.values()];
  return {
    shares: shares.filter((share) => share.amountMinor > 0),
    feeMinor: sumMinor(rows.map((row) => row.feeMinor)),
  };
}

/** Never the other: a share of a transfer that has not completed is still in `pending`, whatever `available` holds. */
function sourceOf(transfer: Transfer): SellerSource {
  if (transfer.completedAt !== null) return 'available';
  return transfer.askedAt === null ? 'withheld' : 'in_flight';
}

async function markSource(
  tx: Tx,
  refundId: string,
  share: ShareOfSeller,
  sellerSource: SellerSource,
): Promise<void> {
  await tx
    .update(refundAllocations)
    .set({ sellerSource })
    .where(
      and(
        eq(refundAllocations.refundId, refundId),
        inArray(refundAllocations.orderItemId, [...share.itemIds]),
      ),
    );
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

/** A replay: what the settling transaction left to be started, as far as it has not ended. */
async function findUnstarted(tx: Tx, refundId: string): Promise<SettledRefund> {
  const open = await tx
    .select()
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .innerJoin(refunds, eq(refunds.id, transferReversals.refundId))
    .where(and(eq(transferReversals.refundId, refundId), eq(transferReversals.status, 'pending')));
  return {
    reversals: open.map((row) => reversalLabel(row.seller_transfers, row.transfer_reversals)),
    transfers: [],
  };
}
