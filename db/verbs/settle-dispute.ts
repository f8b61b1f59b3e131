import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { orderWorkflowId } from '../../domain/ids.ts';
import { formatMoney } from '../../domain/money.ts';
import type { DisputeNews } from '../../domain/messages.ts';
import type { FeePolicy } from '../../domain/shares.ts';
import type { Db, Tx } from '../client.ts';
import { type Dispute, moveDispute } from '../moves/dispute.ts';
import { disputes, refunds, sellerTransfers } from '../schema/index.ts';
import { findUnstarted } from './find-unstarted.ts';
import { transferLabel } from './labels.ts';
import { lockOrder } from './lock.ts';
import { raiseFlag } from './raise-flag.ts';
import { settleOutside } from './record-external-refund.ts';
import type { SettledRefund } from './settle-shares.ts';

/**
 * What the PSP says of a dispute: open, it blocks the order's refunds, unsent transfers and payouts; won or cancelled,
 * it frees them; lost, it settles like a refund. Each word counts once, in whatever order they come.
 */
export async function settleDispute(
  db: Db,
  orderId: string,
  news: DisputeNews,
  feePolicy: FeePolicy,
): Promise<SettledRefund> {
  return db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    const dispute = await findOrOpen(tx, orderId, news);
    const subject = orderWorkflowId(orderId);
    const amount = formatMoney(news.amountMinor, news.currency);
    if (news.status === 'expired') {
      await raiseFlag(
        tx,
        'dispute_expired',
        subject,
        `Dispute ${news.providerDisputeId} of ${amount} expired: it stays open`,
      );
    }
    if (news.status === 'open' && dispute.status === 'open') {
      await raiseFlag(
        tx,
        'dispute_opened',
        subject,
        `Dispute ${news.providerDisputeId} of ${amount} was opened`,
      );
    }
    if (news.status === 'open' || news.status === 'expired') return { reversals: [], transfers: [] };
    if (dispute.status !== 'open') return replay(tx, orderId);
    await moveDispute(tx, dispute, news.status, { closedAt: new Date() });
    const settled =
      news.status === 'lost' && news.amountMinor > 0
        ? await settleOutside(tx, order, 'dispute', { ...news, providerRefundId: null }, feePolicy)
        : { reversals: [], transfers: [] };
    return { ...settled, transfers: await heldTransfers(tx, orderId) };
  });
}

/** An earlier attempt has settled it, and may have died before it started what that calls for. */
async function replay(tx: Tx, orderId: string): Promise<SettledRefund> {
  const lost = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.kind, 'dispute')));
  const unstarted = await findUnstarted(
    tx,
    lost.map((refund) => refund.id),
  );
  return { ...unstarted, transfers: await heldTransfers(tx, orderId) };
}

async function findOrOpen(tx: Tx, orderId: string, news: DisputeNews): Promise<Dispute> {
  const { providerDisputeId, amountMinor } = news;
  await tx
    .insert(disputes)
    .values({ id: uuidv7(), orderId, providerDisputeId, amountMinor, openedAt: new Date() })
    .onConflictDoNothing();
  const [dispute] = await tx
    .select()
    .from(disputes)
    .where(eq(disputes.providerDisputeId, providerDisputeId))
    .for('no key update');
  if (dispute === undefined) throw new Error(`dispute ${providerDisputeId} was neither inserted nor found`);
  return dispute;
}

/** Unsent transfers of the order look again at once, whether the dispute let them go or took from them. */
async function heldTransfers(tx: Tx, orderId: string) {
  const rows = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.orderId, orderId));
  return rows.filter((row) => row.waitingFor === 'dispute').map(transferLabel);
}
