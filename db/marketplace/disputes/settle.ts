import { and, eq, inArray, isNotNull } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { placeOfReport, statusAfter } from '../../../domain/marketplace/dispute-reports.ts';
import type { DisputeReport } from '../../../domain/marketplace/messages.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import type { PaymentRef, PurchaseRef } from '../../../domain/marketplace/purchase.ts';
import type { Db, Tx } from '../../client.ts';
import { type Dispute, disputes, disputeWords } from './schema.ts';
import { refunds } from '../refunds/schema.ts';
import { transitionDispute } from './transition.ts';
import { bookDispute } from './book.ts';
import { clearFlags, raiseFlag } from '../../kernel/index.ts';
import { findUnstarted } from '../find-unstarted.ts';
import type { SettledRefund } from '../labels.ts';
import { columnsOf, isOf, lockPurchase, type Purchase, type Purchases } from '../purchase.ts';

/** For so long no flag is raised when a report waits for an obstacle that ends by itself. */
const UNBOOKED_QUIET_MS = 60_000;

export interface SettledDispute extends SettledRefund {
  /** The obstacle to its booking ends by itself: the same report, repeated later, books it. */
  readonly waits?: true;
}

/**
 * Settles the PSP's report of a dispute of the payment that `of` names. An open dispute blocks refunds, unsent transfers and payouts of its
 * purchase; a won or cancelled one frees them; a lost one settles like a refund. A later report counts again, and is
 * booked the other way. A repeated or outdated report changes nothing, but a booking that is missing is tried again.
 */
export async function settleDispute(
  db: Db,
  of: PaymentRef,
  news: DisputeReport,
  purchases: Purchases,
): Promise<SettledDispute> {
  return db.transaction(async (tx) => {
    const purchase = await lockPurchase(tx, of, purchases);
    const subject = purchase.workflowId;
    const before = await findOrOpen(tx, purchase, news);
    const dispute = await hear(tx, before, news, subject);
    const booked = await bookDispute(tx, purchase, dispute, purchases);
    const unstarted = await replay(tx, of);
    const settled: SettledRefund = {
      reversals: unstarted.reversals,
      transfers: [...booked.transfers, ...(await purchase.disputeSettled(tx, dispute))],
    };
    if (booked.refused === null) {
      await mark(tx, dispute, null);
      if (await isAllBooked(tx, of)) await clearFlags(tx, 'dispute_unbooked', subject);
      return settled;
    }
    const { why, passes, detail } = booked.refused;
    const { unbookedSince } = await mark(tx, dispute, why);
    const isQuiet = passes && Date.now() - (unbookedSince?.getTime() ?? 0) < UNBOOKED_QUIET_MS;
    if (!isQuiet) {
      const said = `The PSP says that dispute ${dispute.providerDisputeId} of ${moneyOf(dispute)} is ${dispute.status}`;
      await raiseFlag(tx, 'dispute_unbooked', subject, `${said}, which is not booked: ${detail}`);
    }
    return passes ? { ...settled, waits: true } : settled;
  });
}

const moneyOf = ({ amountMinor, currency }: Pick<Dispute, 'amountMinor' | 'currency'>) =>
  formatMoney(amountMinor, currency);

/** Takes the report over if it counts, and raises flags for what people have to act on. */
async function hear(
  tx: Tx,
  { dispute, isNew }: { readonly dispute: Dispute; readonly isNew: boolean },
  news: DisputeReport,
  subject: string,
): Promise<Dispute> {
  const named = `Dispute ${news.providerDisputeId} of ${moneyOf(news)}`;
  const place = isNew ? 'newer' : placeOfReport({ ...dispute, hasEnded: await hasEnded(tx, dispute) }, news);
  if (place === 'contradicts') {
    const detail = `${named} is ${news.status} at the stage ${news.stage}, says the PSP, after the stage ${dispute.stage}, at which it is ${dispute.status}`;
    await raiseFlag(tx, 'dispute_contradicted', subject, detail);
  }
  if (place === 'contradicts' || place === 'stale') return dispute;
  const stage = news.stage ?? dispute.stage;
  const status = statusAfter(news);
  if (news.status === 'expired')
    await raiseFlag(tx, 'dispute_expired', subject, `${named} expired: it stays open`);
  if (news.status === 'open') {
    const how = isNew || stage === 'dispute' ? 'was opened' : `is open at the stage ${stage}`;
    await raiseFlag(tx, 'dispute_opened', subject, `${named} ${how}`);
  }
  if (place === 'known') return dispute;
  const saidAt = news.saidAt === undefined ? null : new Date(news.saidAt);
  const { amountMinor, currency } = news;
  const closedAt = status === 'open' ? null : new Date();
  await tx.insert(disputeWords).values({ disputeId: dispute.id, said: status, stage, amountMinor, saidAt });
  return transitionDispute(tx, dispute, status, { stage, saidAt, amountMinor, currency, closedAt });
}

async function findOrOpen(
  tx: Tx,
  purchase: Purchase,
  { providerDisputeId, connectorDisputeId, amountMinor, currency, stage }: DisputeReport,
): Promise<{ dispute: Dispute; isNew: boolean }> {
  const inserted = await tx
    .insert(disputes)
    .values({
      id: uuidv7(),
      ...columnsOf(purchase),
      providerDisputeId,
      connectorDisputeId,
      amountMinor,
      currency,
      openedAt: new Date(),
      ...(stage && { stage }),
    })
    .onConflictDoNothing()
    .returning({ id: disputes.id });
  const [dispute] = await tx
    .select()
    .from(disputes)
    .where(eq(disputes.providerDisputeId, providerDisputeId))
    .for('no key update');
  if (dispute === undefined) throw new Error(`dispute ${providerDisputeId} was neither inserted nor found`);
  return { dispute, isNew: inserted.length > 0 };
}

/**
 * Whether the dispute had ended once at this stage: then it was opened again, and a report of its end may be older
 * than that.
 */
async function hasEnded(tx: Tx, { id, stage }: Dispute): Promise<boolean> {
  const [end] = await tx
    .select({ id: disputeWords.id })
    .from(disputeWords)
    .where(
      and(
        eq(disputeWords.disputeId, id),
        eq(disputeWords.stage, stage),
        inArray(disputeWords.said, ['won', 'lost', 'cancelled']),
      ),
    )
    .limit(1);
  return end !== undefined;
}

/** Workflows are started after the commit, and an attempt may die in between: a repeat finds what was not started. */
async function replay(tx: Tx, of: PurchaseRef): Promise<SettledRefund> {
  const lost = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(isOf(refunds, of), eq(refunds.kind, 'dispute')));
  return findUnstarted(
    tx,
    lost.map((refund) => refund.id),
  );
}

async function mark(tx: Tx, dispute: Dispute, why: Dispute['unbookedWhy']): Promise<Dispute> {
  if (why === dispute.unbookedWhy) return dispute;
  const unbookedSince = why === null ? null : (dispute.unbookedSince ?? new Date());
  return transitionDispute(tx, dispute, dispute.status, { unbookedWhy: why, unbookedSince });
}

async function isAllBooked(tx: Tx, of: PurchaseRef): Promise<boolean> {
  const [unbooked] = await tx
    .select({ id: disputes.id })
    .from(disputes)
    .where(and(isOf(disputes, of), isNotNull(disputes.unbookedSince)))
    .limit(1);
  return unbooked === undefined;
}
