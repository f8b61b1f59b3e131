import { and, eq, inArray, ne, notInArray, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../domain/errors.ts';
import { refundWorkflowId } from '../../domain/ids.ts';
import { grainMinor } from '../../domain/grain.ts';
import { refundReturned, type ReturnedShare } from '../../domain/ledger.ts';
import { sumMinor } from '../../domain/money.ts';
import type { Db, Tx } from '../client.ts';
import { carryRest, fundsOf, lockFunds, post } from '../ledger/post.ts';
import { isSuspended, type Order } from '../moves/order.ts';
import { moveRefund, type Refund } from '../moves/refund.ts';
import { moveReversal, type Reversal } from '../moves/reversal.ts';
import { moveTransfer, type Transfer } from '../moves/transfer.ts';
import { licenses, orderItems, refundAllocations, refunds, sellerTransfers } from '../schema/index.ts';
import { type Act, audit } from './audit.ts';
import { clearFlags } from './clear-flags.ts';
import { transferLabel, type TransferWork } from './labels.ts';
import { lockCurrentReversals, lockNamed, lockRefund, lockTransferChains } from './lock.ts';
import { recomputeOrder } from './recompute-order.ts';

/**
 * A reviewed action: a bank sent a refund back that had succeeded. The books are reverted, the licences restored, and
 * what sellers gave back is sent to them again.
 * Throws `refund_not_found` and `refund_not_returnable`.
 */
export async function returnRefund(
  db: Db,
  { refundId, ...act }: Act & { readonly refundId: string; readonly reason: string },
): Promise<{ readonly refund: Refund; readonly transfers: readonly TransferWork[] }> {
  return db.transaction(async (tx) => {
    const { order, refund } = await lockNamed(tx, 'refund', refundId, lockRefund);
    refuseUnlessReturnable(order, refund);
    const { shares, feeMinor, transfers } = await returnShares(tx, order, refund);
    const returned = await moveRefund(tx, refund, 'returned', {}, 'review');
    await post(
      tx,
      { kind: 'refund_returned', currency: refund.currency, orderId: order.id, refundId },
      refundReturned(shares, feeMinor, refund.excessMinor),
    );
    const refundedMinor = order.refundedMinor - refund.amountMinor + refund.excessMinor;
    await recomputeOrder(tx, order, refundedMinor, 'review');
    await restoreLicenses(tx, order.id, refundId);
    await clearFlags(tx, 'failed_after_succeeded', refundWorkflowId(refundId));
    await audit(tx, act, {
      action: 'refund.return',
      subject: refundWorkflowId(refundId),
      before: { status: refund.status, orderStatus: order.status },
      after: { status: returned.status, resent: transfers.map((transfer) => transfer.transferId) },
    });
    return { refund: returned, transfers };
  });
}

const refusal = (refund: Refund, detail: string) =>
  new VezaError('refund_not_returnable', detail, { status_now: refund.status });

function refuseUnlessReturnable(order: Order, refund: Refund): void {
  if (refund.status !== 'succeeded')
    throw refusal(refund, `A refund that is ${refund.status} cannot be returned.`);
  if (refund.kind === 'dispute')
    throw refusal(refund, 'A lost dispute is won back at the PSP, not returned by a bank.');
  if (isSuspended(order))
    throw refusal(refund, 'The order never took this payment: give it back by a new refund.');
  if (order.status === 'refund_pending') throw refusal(refund, 'Another refund of the order is in progress.');
}

async function returnShares(tx: Tx, order: Order, refund: Refund) {
  const sellers = await tx
    .selectDistinct({ sellerId: orderItems.sellerId })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .where(eq(refundAllocations.refundId, refund.id));
  const sellerIds = sellers.map((seller) => seller.sellerId).toSorted();
  const chains = await lockTransferChains(tx, order.id, sellerIds);
  const funds = await lockFunds(tx, sellerIds, refund.currency);
  // Read only now: a transfer that nets kept fees changes allocations under the lock of the balance.
  const rows = await tx
    .select({ allocation: refundAllocations, sellerId: orderItems.sellerId })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .where(eq(refundAllocations.refundId, refund.id));
  const plans = [];
  for (const sellerId of sellerIds) {
    const own = rows.flatMap((row) => (row.sellerId === sellerId ? [row.allocation] : []));
    const { current, earlier } = chains.get(sellerId) ?? { current: undefined, earlier: [] };
    const sent = [...earlier, ...(current ? [current] : [])];
    plans.push({ sellerId, transfer: current, ...(await planShare(tx, refund, own, sent)) });
  }
  const shares: ReturnedShare[] = plans.map((plan) => ({ ...plan, funds: fundsOf(funds, plan.sellerId) }));
  const transfers: TransferWork[] = [];
  for (const { sellerId, transfer, resentMinor, keptMinor, recoveredMinor } of plans) {
    if (!transfer || resentMinor === 0) continue;
    const isRest = keptMinor + recoveredMinor > 0 && Math.abs(resentMinor) < grainMinor(refund.currency);
    if (!isRest) {
      transfers.push(transferLabel(await resend(tx, refund, transfer, resentMinor)));
      continue;
    }
    // What the grain had added to its reversal, or kept from it.
    if (fundsOf(funds, sellerId).restMinor + resentMinor < 0)
      throw refusal(
        refund,
        'A later transfer took along what its reversal had left over: settle that first.',
      );
    await carryRest(tx, sellerId, refund.currency, resentMinor);
  }
  return { shares, feeMinor: sumMinor(rows.map((row) => row.allocation.feeMinor)), transfers };
}

/** What became of one seller's share decides where its return goes. */
async function planShare(
  tx: Tx,
  refund: Refund,
  own: readonly (typeof refundAllocations.$inferSelect)[],
  transfers: readonly Transfer[],
) {
  const feesOwedMinor = sumMinor(own.map((one) => one.feesOwedMinor));
  const feesNettedMinor = sumMinor(own.map((one) => one.feesNettedMinor));
  const shareMinor = sumMinor(own.map((one) => one.sellerMinor)) - feesOwedMinor;
  if (feesNettedMinor > 0) {
    throw refusal(
      refund,
      'Its kept fee was netted from a later transfer: settle that with the seller first.',
    );
  }
  if (own.some((one) => one.inFlightMinor > 0)) {
    throw refusal(refund, 'A transfer that it changes is on its way: it must end first.');
  }
  const reversals: Reversal[] = [];
  for (const { id } of transfers) {
    reversals.push(...(await lockCurrentReversals(tx, id)).filter((row) => row.refundId === refund.id));
  }
  if (reversals.some((row) => row.status === 'pending')) {
    throw refusal(refund, 'A reversal of it is still open: it must end first.');
  }
  const keptMinor = uncovered(reversals, 'permanently_failed');
  const recoveredMinor = uncovered(reversals, 'written_off');
  for (const row of reversals) {
    if (row.status === 'permanently_failed')
      await moveReversal(tx, row, 'withdrawn', { endedAt: new Date() }, 'review');
  }
  const resentMinor = shareMinor - keptMinor - recoveredMinor;
  return { resentMinor, keptMinor, recoveredMinor, feesForgivenMinor: feesOwedMinor };
}

const uncovered = (rows: readonly Reversal[], status: Reversal['status']) =>
  sumMinor(rows.filter((row) => row.status === status).map((row) => row.amountMinor - row.coveredMinor));

/** The seller's money goes out again: on the row that was not sent yet, or on a new one in the place of the old. */
async function resend(tx: Tx, refund: Refund, transfer: Transfer, amountMinor: number): Promise<Transfer> {
  const open = transfer.status === 'pending' || transfer.status === 'failed';
  if (open && transfer.askedAt !== null) {
    throw refusal(refund, `Transfer ${transfer.id} is on its way: it must end first.`);
  }
  if (open)
    return moveTransfer(tx, transfer, transfer.status, { amountMinor: transfer.amountMinor + amountMinor });
  const [row] = await tx
    .insert(sellerTransfers)
    .values({
      id: uuidv7(),
      orderId: transfer.orderId,
      sellerId: transfer.sellerId,
      amountMinor: amountMinor + (transfer.completedAt === null ? transfer.amountMinor : 0),
      currency: transfer.currency,
      retryOf: transfer.id,
    })
    .returning();
  if (row === undefined) throw new Error(`no transfer took the place of ${transfer.id}`);
  return row;
}

/** Licences stand again, except those of items that another refund names. */
async function restoreLicenses(tx: Tx, orderId: string, refundId: string): Promise<void> {
  const named = tx
    .select({ id: refundAllocations.orderItemId })
    .from(refundAllocations)
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(refunds.orderId, orderId),
        ne(refunds.id, refundId),
        eq(refunds.status, 'succeeded'),
        eq(refunds.byItems, true),
      ),
    );
  const items = tx.select({ id: orderItems.id }).from(orderItems).where(eq(orderItems.orderId, orderId));
  await tx
    .update(licenses)
    .set({ revokedAt: sql`NULL` })
    .where(and(inArray(licenses.orderItemId, items), notInArray(licenses.orderItemId, named)));
}
