import { and, asc, eq, inArray, isNull, ne, sql, sum } from 'drizzle-orm';
import { grainMinor, planShare, type SharePlan, sumMinor } from '../../../domain/kernel/index.ts';
import {
  ofRefund,
  refundSucceeded,
  type RefundShare,
  suspendedPaymentReturned,
} from '../../../domain/marketplace/postings.ts';
import type { Tx } from '../../client.ts';
import { carryRest, fundsOf, type LockedFunds, lockFunds, post } from '../../ledger/index.ts';
import { isSuspended } from './transition.ts';
import { type Order, licenses, orderItems } from './schema.ts';
import { type Refund, refundAllocations, refunds, type SellerSource } from '../refunds/schema.ts';
import { isSent, isUnsent } from '../transfers/transition.ts';
import type { Transfer } from '../transfers/schema.ts';
import { claimSuspense } from './claim-suspense.ts';
import { readInFlightRefunds } from '../in-flight-refunds.ts';
import { type ReversalWork, type SettledRefund, transferLabel, type TransferWork } from '../labels.ts';
import { lockCurrentReversals, lockTransferChains, type TransferChain } from '../lock.ts';
import { openReversal } from '../reversals/open.ts';
import { clearFailedGiveBacks } from '../refunds/clear-failed-give-backs.ts';
import { tellOfRefund } from './tell-buyer.ts';
import { recomputeOrder } from './recompute-order.ts';
import { withhold } from '../withhold.ts';

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
  await tellOfRefund(tx, 'refund_succeeded', order, refund);
  return settled;
}

const postingOf = (order: Order, refund: Refund) =>
  ({
    kind: 'refund_succeeded',
    currency: refund.currency,
    ...ofRefund({ id: refund.id, orderId: order.id }),
  }) as const;

/** A payment that no order took has no allocations: its money leaves suspense as it came. */
async function returnSuspended(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  const { amountMinor, excessMinor } = refund;
  await post(tx, postingOf(order, refund), suspendedPaymentReturned(amountMinor, excessMinor));
  const isAllBack = order.refundedMinor + amountMinor - excessMinor === order.capturedMinor;
  if (isAllBack) await clearFailedGiveBacks(tx, { kind: 'order', id: order.id });
  return { reversals: [], transfers: [] };
}

async function takeShares(tx: Tx, order: Order, refund: Refund): Promise<SettledRefund> {
  const { shares, feeMinor } = await readShares(tx, refund.id);
  const sellerIds = shares.map((share) => share.sellerId);
  // Sent at once, and carried out in this order: transfers are locked before balances.
  const [chains, locked] = await Promise.all([
    lockTransferChains(tx, order.id, sellerIds),
    lockFunds(tx, sellerIds, order.currency),
  ]);
  const posted: RefundShare[] = [];
  const reversals: ReversalWork[] = [];
  const woken: TransferWork[] = [];
  for (const share of shares) {
    const chain = chains.get(share.sellerId) ?? { current: undefined, earlier: [] };
    const leftMinor = await leftOfTransfers(tx, order.id, share.sellerId, refund.id, chain);
    const beyondMinor = Math.max(share.amountMinor - leftMinor, 0);
    const { sellerId } = share;
    const funds = fundsOf(locked, sellerId);
    const writtenOffMinor = await takeFromWrittenOff(tx, chain, share.amountMinor - beyondMinor);
    posted.push({ sellerId, amountMinor: writtenOffMinor, feesOwedMinor: 0, from: 'written_off' });
    const plan = await planTaking(tx, chain, share.amountMinor - beyondMinor - writtenOffMinor, funds);
    const taken = await takeFromSent(tx, refund.id, chain, plan.takenBackMinor);
    reversals.push(...taken.reversals);
    const from = { from: 'available', suspenseMinor: taken.suspenseMinor, funds } as const;
    posted.push({ sellerId, amountMinor: taken.sentMinor, feesOwedMinor: 0, ...from });
    const unsentMinor = plan.unsentMinor + taken.restMinor;
    const feesOwedMinor = beyondMinor + plan.owedMinor;
    const amountMinor = unsentMinor + plan.restMinor + feesOwedMinor;
    posted.push({ sellerId, amountMinor, feesOwedMinor, from: 'pending' });
    await carryRest(tx, sellerId, order.currency, -plan.restMinor);
    await markSource(tx, refund.id, share, {
      source: sourceOf(chain.current, unsentMinor),
      unsentMinor,
      feesOwedMinor,
      writtenOffMinor,
    });
    const rest = await takeFromUnsent(tx, chain.current, unsentMinor);
    // A transfer that has ended lets its workflow end, and a smaller one may now fit the balance that it waits for. A
    // failed attempt keeps its time: refunds must not use up its retries.
    if (rest && (rest.status === 'permanently_failed' || rest.waitingFor !== null))
      woken.push(transferLabel(rest));
  }
  await post(tx, postingOf(order, refund), refundSucceeded(posted, feeMinor, refund.excessMinor));
  return { reversals, transfers: woken };
}

/** Shares that were written off come first: the platform has that money. */
async function takeFromWrittenOff(
  tx: Tx,
  { current, earlier }: TransferChain,
  wantedMinor: number,
): Promise<number> {
  let takenMinor = 0;
  for (const transfer of [...earlier, ...(current ? [current] : [])]) {
    if (transfer.status !== 'written_off') continue;
    const byMinor = Math.min(transfer.amountMinor, wantedMinor - takenMinor);
    if (byMinor > 0) await withhold(tx, transfer, byMinor);
    takenMinor += byMinor;
  }
  return takenMinor;
}

/**
 * Plans how much of a share is taken back from what went out, and how much is not sent. Where Stripe takes any
 * amount, what went out comes first. Otherwise amounts for Stripe are cut to its grain, and the rest that the grain
 * has kept makes up the difference.
 */
async function planTaking(
  tx: Tx,
  { current, earlier }: TransferChain,
  shareMinor: number,
  { restMinor }: LockedFunds,
): Promise<SharePlan> {
  const currency = (current ?? earlier[0])?.currency;
  const grain = currency === undefined ? 1 : grainMinor(currency);
  if (grain === 1) return { takenBackMinor: shareMinor, unsentMinor: 0, restMinor: 0, owedMinor: 0 };
  let sentMinor = 0;
  for (const transfer of [...earlier, ...(current ? [current] : [])])
    if (isSent(transfer)) sentMinor += Math.max(await stillSentMinor(tx, transfer), 0);
  const isOpen = current !== undefined && isUnsent(current);
  const inFlight = isOpen ? await readInFlightRefunds(tx, current) : [];
  const unsentMinor = isOpen
    ? current.amountMinor - sumMinor(inFlight.map((refund) => refund.amountMinor))
    : 0;
  return planShare(
    shareMinor,
    { sentMinor, unsentMinor, isAsked: isOpen && current.askedAt !== null, restMinor },
    grain,
  );
}

/** Opens reversals of what went out, the oldest transfer first, each up to what the seller still has of it. */
async function takeFromSent(
  tx: Tx,
  refundId: string,
  { current, earlier }: TransferChain,
  wantedMinor: number,
) {
  const reversals: ReversalWork[] = [];
  let restMinor = wantedMinor;
  let suspenseMinor = 0;
  for (const transfer of [...earlier, ...(current ? [current] : [])]) {
    if (!isSent(transfer) || restMinor === 0) continue;
    // The current transfer takes all of the rest: what it cannot bear was counted as kept fees before.
    const isAny = transfer === current && grainMinor(transfer.currency) === 1;
    const roomMinor = isAny ? restMinor : await stillSentMinor(tx, transfer);
    const byMinor = Math.min(roomMinor, restMinor);
    if (byMinor <= 0) continue;
    restMinor -= byMinor;
    const claimedMinor = await claimSuspense(tx, transfer.id, byMinor);
    suspenseMinor += claimedMinor;
    if (byMinor > claimedMinor)
      reversals.push(await openReversal(tx, transfer, refundId, byMinor - claimedMinor));
  }
  return { reversals, suspenseMinor, sentMinor: wantedMinor - restMinor, restMinor };
}

/**
 * What a seller still has of a transfer, less what open reversals take back; money of others' reversals in suspense
 * counts as theirs.
 */
async function stillSentMinor(tx: Tx, transfer: Transfer): Promise<number> {
  const rows = await lockCurrentReversals(tx, transfer.id);
  const takenMinor = rows
    .filter((row) => row.status !== 'withdrawn')
    .map((row) => row.amountMinor - row.coveredMinor - row.suspenseMinor);
  return transfer.amountMinor - sumMinor(takenMinor);
}

/**
 * A transfer that Stripe was not asked for sends that much less; one that was asked for is settled when it completes.
 */
async function takeFromUnsent(
  tx: Tx,
  transfer: Transfer | undefined,
  amountMinor: number,
): Promise<Transfer | null> {
  if (amountMinor === 0) return null;
  if (transfer === undefined) throw new Error('a share of an order has no transfer');
  return transfer.askedAt === null ? withhold(tx, transfer, amountMinor) : null;
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
 * What earlier refunds have left of a seller's share of an order, sent or not, in minor units. A refund can need more
 * only where the platform keeps its fee.
 */
async function leftOfTransfers(
  tx: Tx,
  orderId: string,
  sellerId: string,
  refundId: string,
  { current, earlier }: TransferChain,
): Promise<number> {
  const own = and(eq(orderItems.orderId, orderId), eq(orderItems.sellerId, sellerId));
  const taken = tx
    .select({ minor: sum(sql`${refundAllocations.sellerMinor} - ${refundAllocations.feesOwedMinor}`) })
    .from(refundAllocations)
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(refundAllocations.orderItemId, orderItems.id),
        eq(refunds.status, 'succeeded'),
        ne(refunds.id, refundId),
      ),
    );
  const share = sql`${orderItems.amountMinor} - ${orderItems.platformFeeMinor}`;
  const [[left], ...elsewhere] = await Promise.all([
    tx
      .select({ minor: sql<number>`coalesce(sum(${share} - coalesce((${taken}), 0)), 0)`.mapWith(Number) })
      .from(orderItems)
      .where(own),
    ...[...earlier, ...(current ? [current] : [])].map(({ id }) => takenByOtherOrders(tx, orderId, id)),
  ]);
  return Math.max((left?.minor ?? 0) - sumMinor(elsewhere), 0);
}

/** What a transfer has paid of kept fees of the seller's other orders. */
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

/** A share of a transfer that has not completed is still in `pending`, whatever `available` holds. */
function sourceOf(current: Transfer | undefined, unsentMinor: number): SellerSource {
  if (unsentMinor === 0 && current && isSent(current)) return 'available';
  return current !== undefined && current.askedAt !== null && unsentMinor > 0 ? 'in_flight' : 'withheld';
}

/**
 * Writes where each item's share came from. Kept fees are counted on the last items first, and what a transfer in
 * flight has to take back on the first.
 */
async function markSource(
  tx: Tx,
  refundId: string,
  share: ShareOfSeller,
  {
    source,
    unsentMinor,
    feesOwedMinor,
    writtenOffMinor,
  }: { source: SellerSource; unsentMinor: number; feesOwedMinor: number; writtenOffMinor: number },
): Promise<void> {
  let feesMinor = feesOwedMinor;
  const fees = new Map<string, number>();
  for (const { itemId, sellerMinor } of share.items.toReversed()) {
    fees.set(itemId, Math.min(sellerMinor, feesMinor));
    feesMinor -= fees.get(itemId) ?? 0;
  }
  let platformMinor = writtenOffMinor;
  let inFlightMinor = source === 'in_flight' ? unsentMinor : 0;
  for (const [index, { itemId, sellerMinor }] of share.items.entries()) {
    const ofItem = { feesOwedMinor: fees.get(itemId) ?? 0, inFlightMinor: 0, writtenOffMinor: 0 };
    ofItem.writtenOffMinor = Math.min(sellerMinor - ofItem.feesOwedMinor, platformMinor);
    platformMinor -= ofItem.writtenOffMinor;
    const leftMinor = sellerMinor - ofItem.feesOwedMinor - ofItem.writtenOffMinor;
    // The last item bears what the grain adds to the share.
    const isLast = index === share.items.length - 1;
    ofItem.inFlightMinor = isLast ? inFlightMinor : Math.min(leftMinor, inFlightMinor);
    inFlightMinor -= ofItem.inFlightMinor;
    await tx
      .update(refundAllocations)
      .set({ sellerSource: source, ...ofItem })
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
