import { eq, inArray, or } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { wasFlagged } from '../../db/kernel/index.ts';
import { OUTSIDE_FOR_MS, RECENT_DISPUTES } from '../../db/reconcile/sweep.ts';
import {
  type Dispute,
  type Refund,
  disputes,
  refunds,
  orders,
  differenceOf,
  disputedPaymentOf,
} from '../../db/marketplace/index.ts';
import { findPayment } from '../../db/subscriptions/index.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import type { PspDispute, PspRefund } from '../../providers/hyperswitch/outcomes.ts';
import { disputeReportStatus, refundVerdict } from '../../providers/hyperswitch/verdicts.ts';
import { parseHyperswitchEvent } from '../../providers/webhooks/hyperswitch-event.ts';
import { statusAfter, refundWorkflowId } from '../../domain/marketplace/index.ts';
import { isUuid, isPlainText } from '../../domain/kernel/index.ts';
import type { Told } from '../webhooks/index.ts';
import type { ReconcileDeps } from './deps.ts';
import { isEngineAway, left, type Seen, synced, unreadable, whoseOf } from './looks.ts';
import { refundEvent } from '../../providers/webhooks/as-event.ts';

// What others did to payments that we took: refunds made in the PSP's dashboard, and disputes, whose webhooks were lost.

/** A thousand disputes or more, the last changed first; older ones are found payment by payment. */
const LIST_PAGES = 10;

/**
 * Looks at a row of the phase: the PSP's list of disputes, a dispute that could not be booked, or a settled payment.
 */
export async function lookOutside(deps: ReconcileDeps, ref: string): Promise<Seen> {
  if (ref === RECENT_DISPUTES) return lookAtList(deps);
  const [kind, id = ''] = ref.split('/');
  switch (kind) {
    case 'dispute':
      return lookAtUnbooked(deps, id);
    case 'attempt':
      return lookAtAttempt(deps, id);
    default:
      return lookAtOrder(deps, id);
  }
}

/** Disputes of all payments that we took: one list instead of a call for each payment. */
async function lookAtList(deps: ReconcileDeps): Promise<Seen> {
  const readAt = new Date();
  const createdSince = new Date(readAt.getTime() - OUTSIDE_FOR_MS);
  const listed = await deps.psp.listDisputes({ createdSince, pages: LIST_PAGES });
  if (listed.kind === 'not_found') return left('unknown_to_the_psp');
  if (listed.kind !== 'disputes') return unreadable(deps, listed);
  const said = await tellDisputes(deps, listed.disputes, readAt);
  return summary(said, listed.isWhole ? 'list_agrees' : 'newest_of_the_list_agree');
}

async function lookAtOrder(deps: ReconcileDeps, orderId: string): Promise<Seen> {
  const [order] = await deps.db.select().from(orders).where(eq(orders.id, orderId));
  const paymentId = order?.paymentId;
  if (order === undefined || paymentId === null || paymentId === undefined) return left('no_payment');
  return lookAtPayment(deps, paymentId, order);
}

/** Also one whose money its invoice could not take. */
async function lookAtAttempt(deps: ReconcileDeps, attemptId: string): Promise<Seen> {
  const found = await findPayment(deps.db, attemptId);
  if (found?.kind !== 'attempt' || found.attempt.receivedMinor === null) return left('no_payment');
  return lookAtPayment(deps, attemptId, found.attempt);
}

/** One payment: its refunds and its disputes at the PSP, and ours. */
async function lookAtPayment(
  deps: ReconcileDeps,
  paymentId: string,
  { createdAt }: { readonly createdAt: Date },
): Promise<Seen> {
  const readAt = new Date();
  const made = await deps.psp.listRefunds(paymentId);
  if (made.kind !== 'refunds' && made.kind !== 'not_found')
    return { ...(await unreadable(deps, made)), createdAt };
  const listed = await deps.psp.listDisputes({ paymentId });
  if (listed.kind !== 'disputes' && listed.kind !== 'not_found')
    return { ...(await unreadable(deps, listed)), createdAt };
  const said = [
    ...(made.kind === 'refunds' ? await tellRefunds(deps, made.refunds) : []),
    ...(listed.kind === 'disputes' ? await tellDisputes(deps, listed.disputes, readAt) : []),
  ];
  return { ...summary(said, 'agrees'), createdAt };
}

/** Repeats a report of the PSP's that counts and is not booked: what was in its way may be gone. */
async function lookAtUnbooked(deps: ReconcileDeps, disputeId: string): Promise<Seen> {
  const [row] = await deps.db
    .select({ dispute: disputes, paymentId: disputedPaymentOf(deps.purchases) })
    .from(disputes)
    .where(eq(disputes.id, disputeId));
  if (row === undefined || row.dispute.unbookedSince === null) return left('ended');
  const { dispute, paymentId } = row;
  const said = await deps.inbox.dispatch(
    disputeEvent(
      {
        disputeId: dispute.providerDisputeId,
        paymentId: paymentId ?? '',
        amountMinor: dispute.amountMinor,
        currency: dispute.currency,
        status: `dispute_${dispute.status === 'open' ? 'opened' : dispute.status}`,
        stage: dispute.stage,
        connectorDisputeId: dispute.connectorDisputeId,
      },
      dispute.saidAt,
    ),
  );
  return { ...summary([said], 'ended'), createdAt: dispute.openedAt };
}

/** Sums up the dispatched reports; one that could not be dispatched is `error`, and the next sweep tries again. */
function summary(said: readonly (Told | 'error')[], otherwise: string): Seen {
  const heard = said.filter((one) => one !== 'error');
  const told = heard.find(({ outcome }) => outcome === 'signalled');
  if (heard.length < said.length) return left('error', told && whoseOf(told));
  if (told) return synced('told', whoseOf(told));
  return heard.some(({ outcome }) => outcome === 'unmatched') ? left('of_others') : left(otherwise);
}

/** Dispatches what is new of a list. One that fails does not keep back the others. */
async function tellEach<One>(
  { log }: ReconcileDeps,
  listed: readonly One[],
  about: (one: One) => object,
  tell: (one: One) => Promise<Told | null>,
): Promise<(Told | 'error')[]> {
  const said: (Told | 'error')[] = [];
  for (const one of listed) {
    try {
      const told = await tell(one);
      if (told !== null) said.push(told);
    } catch (error) {
      if (isUnavailable(error) || isEngineAway(error)) throw error;
      log.error(
        { ...about(one), err: error },
        "reconcile: a report from the PSP's list could not be dispatched",
      );
      said.push('error');
    }
  }
  return said;
}

/** Dispatches disputes that differ from our rows. The time of the read stands for the time of the report. */
async function tellDisputes(deps: ReconcileDeps, listed: readonly PspDispute[], readAt: Date) {
  if (listed.length === 0) return [];
  const ids = listed.map(({ disputeId }) => disputeId).filter(isPlainText);
  const rows = await deps.db.select().from(disputes).where(inArray(disputes.providerDisputeId, ids));
  const known = new Map(rows.map((row) => [row.providerDisputeId, row]));
  return tellEach(
    deps,
    listed,
    ({ disputeId }) => ({ disputeId }),
    async (dispute) =>
      isAsKnown(dispute, known.get(dispute.disputeId))
        ? null
        : deps.inbox.dispatch(disputeEvent(dispute, readAt)),
  );
}

/** A new stage is dispatched too: the router sends only one webhook for each kind and dispute, whatever the stage. */
function isAsKnown(theirs: PspDispute, ours: Dispute | undefined): boolean {
  const said = disputeReportStatus(theirs.status);
  // A status that we do not know; its webhook changes nothing either.
  if (said === null) return true;
  return (
    ours !== undefined &&
    ours.status === statusAfter({ status: said }) &&
    ours.stage === (theirs.stage ?? ours.stage) &&
    ours.amountMinor === theirs.amountMinor &&
    ours.currency === theirs.currency
  );
}

async function tellRefunds(deps: ReconcileDeps, listed: readonly PspRefund[]) {
  if (listed.length === 0) return [];
  const { db, inbox } = deps;
  const ids = listed.map(({ refundId }) => refundId).filter(isPlainText);
  const rows = await db
    .select()
    .from(refunds)
    .where(or(inArray(refunds.hyperswitchRefundId, ids), inArray(refunds.id, ids.filter(isUuid))));
  return tellEach(
    deps,
    listed,
    ({ refundId }) => ({ refundId }),
    async (refund) => {
      const known = rows.find(({ id, hyperswitchRefundId }) =>
        hyperswitchRefundId === null ? id === refund.refundId : hyperswitchRefundId === refund.refundId,
      );
      const isNews = isSuccess(refund, known)
        ? await differsAnew(db, refund, known)
        : saysNews(refund, known);
      return isNews ? inbox.dispatch(refundEvent(refund)) : null;
    },
  );
}

/**
 * Whether the PSP's refund is new to us. Other phases look at refunds that are open here, and what a person has put
 * right counts as known.
 */
function saysNews({ status }: PspRefund, known: Refund | undefined): boolean {
  const verdict = refundVerdict(status);
  if (known === undefined) return verdict === 'succeeded';
  return known.status === 'succeeded' && verdict === 'failed';
}

/** Of one that has ended here. */
const isSuccess = ({ status }: PspRefund, known: Refund | undefined): known is Refund =>
  refundVerdict(status) === 'succeeded' && (known?.status === 'succeeded' || known?.status === 'failed');

/** A difference that a person has seen is not raised again, nor the one that they ended the refund by. */
async function differsAnew(db: Db, refund: PspRefund, known: Refund): Promise<boolean> {
  const difference = differenceOf(known, refund);
  if (difference === null) return known.status === 'failed';
  return !(await wasFlagged(db, 'amount_differs', refundWorkflowId(known.id), difference));
}

/** A dispute in the shape of the PSP's own webhooks, so that the same parser reads it. */
function disputeEvent(dispute: PspDispute, saidAt: Date | null) {
  const event = parseHyperswitchEvent({
    event_type: 'dispute_listed',
    content: {
      object: {
        dispute_id: dispute.disputeId,
        payment_id: dispute.paymentId,
        amount: dispute.amountMinor,
        currency: dispute.currency,
        dispute_status: dispute.status,
        dispute_stage: dispute.stage,
        connector_dispute_id: dispute.connectorDisputeId,
      },
    },
    ...(saidAt !== null && { timestamp: saidAt.toISOString() }),
  });
  if (event.subject !== 'dispute') throw new Error('a dispute event was read as another');
  return event;
}
