import { and, eq, gt, inArray, ne, notInArray, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { grainMinor, sumMinor } from '../../../domain/kernel/index.ts';
import type { ReturnedShare } from '../../../domain/marketplace/postings.ts';
import type { Tx } from '../../client.ts';
import { carryRest, fundsOf, lockFunds } from '../../ledger/index.ts';
import { type Order, licenses, orderItems } from './schema.ts';
import { type Refund, refundAllocations, refunds } from '../refunds/schema.ts';
import { NotReturnable } from '../refunds/not-returnable.ts';
import { transitionReversal } from '../reversals/transition.ts';
import { type Reversal, type Transfer, sellerTransfers } from '../transfers/schema.ts';
import type { TransitionCause } from '../../kernel/index.ts';
import { isUnsent, transitionTransfer } from '../transfers/transition.ts';
import { transferLabel, type TransferWork } from '../labels.ts';
import { lockCurrentReversals, lockTransferChains } from '../lock.ts';

export interface ReturnedShares {
  readonly shares: readonly ReturnedShare[];
  readonly feeMinor: number;
  /** These transfers send sellers again what they gave back. */
  readonly transfers: readonly TransferWork[];
}

/**
 * Gives sellers back what a refund took from them, because its money came back. When a person says so, nothing of the
 * refund may be open. `won_back`: the PSP may say so at any time, so open reversals go on beside it. The order must
 * be locked. Throws NotReturnable.
 */
export async function returnShares(
  tx: Tx,
  order: Order,
  refund: Refund,
  by: Exclude<TransitionCause, 'automation'>,
): Promise<ReturnedShares> {
  const sellers = await tx
    .selectDistinct({ sellerId: orderItems.sellerId })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .where(eq(refundAllocations.refundId, refund.id));
  const sellerIds = sellers.map((seller) => seller.sellerId).toSorted();
  const chains = await lockTransferChains(tx, order.id, sellerIds);
  const funds = await lockFunds(tx, sellerIds, refund.currency);
  // Read only now: a transfer that nets kept fees changes allocations under the balance's lock.
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
    plans.push({ sellerId, transfer: current, ...(await planShare(tx, refund, own, sent, by)) });
  }
  const shares: ReturnedShare[] = plans.map((plan) => ({ ...plan, funds: fundsOf(funds, plan.sellerId) }));
  const transfers: TransferWork[] = [];
  for (const plan of plans) {
    // A transfer in flight already sends the whole: when it completes, it just takes nothing back.
    const againMinor = plan.resentMinor - plan.inFlightMinor;
    if (!plan.transfer || againMinor === 0) continue;
    if (isRest(plan, againMinor, grainMinor(refund.currency))) {
      if (fundsOf(funds, plan.sellerId).restMinor + againMinor < 0) {
        const detail = 'A later transfer took along what its reversal had left over: settle that first.';
        throw new NotReturnable(refund, detail);
      }
      await carryRest(tx, plan.sellerId, refund.currency, againMinor);
    } else transfers.push(transferLabel(await resend(tx, refund, plan.transfer, againMinor)));
  }
  await letFly(tx, refund.id);
  return { shares, feeMinor: sumMinor(rows.map((row) => row.allocation.feeMinor)), transfers };
}

/** What the grain had added to a reversal or a transfer in flight, or kept back from it: too little to be sent. */
const isRest = (
  { keptMinor, recoveredMinor, inFlightMinor }: Awaited<ReturnType<typeof planShare>>,
  againMinor: number,
  grain: number,
) => againMinor < 0 || (keptMinor + recoveredMinor + inFlightMinor > 0 && againMinor < grain);

/** Plans where one seller's share returns to, by what had become of it. */
async function planShare(
  tx: Tx,
  refund: Refund,
  own: readonly (typeof refundAllocations.$inferSelect)[],
  transfers: readonly Transfer[],
  by: Exclude<TransitionCause, 'automation'>,
) {
  const feesOwedMinor = sumMinor(own.map((one) => one.feesOwedMinor));
  const feesNettedMinor = sumMinor(own.map((one) => one.feesNettedMinor));
  const inFlightMinor = sumMinor(own.map((one) => one.inFlightMinor));
  const shareMinor = sumMinor(own.map((one) => one.sellerMinor)) - feesOwedMinor;
  const reversals: Reversal[] = [];
  for (const { id } of transfers) {
    reversals.push(...(await lockCurrentReversals(tx, id)).filter((row) => row.refundId === refund.id));
  }
  if (by === 'review') refuseWhatIsOpen(refund, reversals, { feesNettedMinor, inFlightMinor });
  const keptMinor = uncovered(reversals, 'permanently_failed');
  const recoveredMinor = uncovered(reversals, 'written_off');
  for (const row of reversals) {
    if (row.status === 'permanently_failed')
      await transitionReversal(tx, row, 'withdrawn', { endedAt: new Date() }, by);
  }
  // A reversal that is still open goes on, and its amount is sent again. A kept fee that a later transfer has paid
  // comes back with the share.
  const writtenOffMinor = await writeOffAgain(tx, transfers, sumMinor(own.map((one) => one.writtenOffMinor)));
  const resentMinor = shareMinor + feesNettedMinor - keptMinor - recoveredMinor - writtenOffMinor;
  const feesForgivenMinor = feesOwedMinor - feesNettedMinor;
  return { resentMinor, inFlightMinor, keptMinor, recoveredMinor, writtenOffMinor, feesForgivenMinor };
}

/** What the platform bore stays with the platform, unless the seller was paid in some other way since. */
async function writeOffAgain(tx: Tx, transfers: readonly Transfer[], amountMinor: number): Promise<number> {
  const row = transfers.find((transfer) => transfer.status === 'written_off');
  if (row === undefined || amountMinor === 0) return 0;
  await transitionTransfer(tx, row, 'written_off', { amountMinor: row.amountMinor + amountMinor });
  return amountMinor;
}

function refuseWhatIsOpen(
  refund: Refund,
  reversals: readonly Reversal[],
  { feesNettedMinor, inFlightMinor }: { readonly feesNettedMinor: number; readonly inFlightMinor: number },
): void {
  if (feesNettedMinor > 0) {
    throw new NotReturnable(
      refund,
      'Its kept fee was netted from a later transfer: settle that with the seller first.',
    );
  }
  if (inFlightMinor > 0)
    throw new NotReturnable(refund, 'A transfer that it changes is on its way: it must end first.');
  if (reversals.some((row) => row.status === 'pending'))
    throw new NotReturnable(refund, 'A reversal of it is still open: it must end first.');
}

const uncovered = (rows: readonly Reversal[], status: Reversal['status']) =>
  sumMinor(rows.filter((row) => row.status === status).map((row) => row.amountMinor - row.coveredMinor));

/** The seller's money goes out again: by the row that was not sent yet, or by a new row that replaces the old one. */
async function resend(tx: Tx, refund: Refund, transfer: Transfer, amountMinor: number): Promise<Transfer> {
  const open = transfer.status === 'pending' || transfer.status === 'failed';
  if (open && transfer.askedAt !== null) {
    throw new NotReturnable(refund, `Transfer ${transfer.id} is on its way: it must end first.`, {
      passes: true,
    });
  }
  if (open)
    return transitionTransfer(tx, transfer, transfer.status, {
      amountMinor: transfer.amountMinor + amountMinor,
    });
  const [row] = await tx
    .insert(sellerTransfers)
    .values({
      id: uuidv7(),
      orderId: transfer.orderId,
      sellerId: transfer.sellerId,
      amountMinor: amountMinor + (isUnsent(transfer) ? transfer.amountMinor : 0),
      currency: transfer.currency,
      retryOf: transfer.id,
    })
    .returning();
  if (row === undefined) throw new Error(`no transfer took the place of ${transfer.id}`);
  return row;
}

const letFly = (tx: Tx, refundId: string) =>
  tx
    .update(refundAllocations)
    .set({ inFlightMinor: 0 })
    .where(and(eq(refundAllocations.refundId, refundId), gt(refundAllocations.inFlightMinor, 0)));

/** Restores licences, except for items that another refund names, and for an order that is still wholly refunded. */
export async function restoreLicenses(tx: Tx, order: Order, refundId: string): Promise<void> {
  if (order.refundedMinor === order.capturedMinor) return;
  const named = tx
    .select({ id: refundAllocations.orderItemId })
    .from(refundAllocations)
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(refunds.orderId, order.id),
        ne(refunds.id, refundId),
        eq(refunds.status, 'succeeded'),
        eq(refunds.byItems, true),
      ),
    );
  const items = tx.select({ id: orderItems.id }).from(orderItems).where(eq(orderItems.orderId, order.id));
  await tx
    .update(licenses)
    .set({ revokedAt: sql`NULL` })
    .where(and(inArray(licenses.orderItemId, items), notInArray(licenses.orderItemId, named)));
}
