import { eq, or } from 'drizzle-orm';
import { orderWorkflowId, refundWorkflowId, transferWorkflowId } from '../domain/ids.ts';
import type { DisputeNews, PaymentFact } from '../domain/messages.ts';
import { isBooked, isOutside, rowBehind } from '../domain/reversals-seen.ts';
import { orders, refunds, sellerTransfers, transferReversals } from '../db/schema/index.ts';
import { flagAfterAll } from '../db/verbs/flag-after-all.ts';
import { refundLabel, transferLabel } from '../db/verbs/labels.ts';
import { raiseFlag } from '../db/verbs/raise-flag.ts';
import type {
  DisputeEvent,
  HyperswitchEvent,
  PaymentEvent,
  RefundEvent,
} from '../providers/webhooks/hyperswitch-event.ts';
import type { StripeEvent, StripeTransferEvent } from '../providers/webhooks/stripe-event.ts';
import { dispatchAccount, dispatchPayout } from './dispatch-sellers.ts';
import { type Dispatched, ignored, isUuid, signalled, unmatched } from './dispatched.ts';
import type { InboxDeps } from './receive.ts';

/** Finds the workflow that a Hyperswitch event is for and hands it the PSP's word. */
export async function dispatchHyperswitch(
  deps: InboxDeps,
  event: Exclude<HyperswitchEvent, { subject: 'invalid' }>,
): Promise<Dispatched> {
  switch (event.subject) {
    case 'refund':
      return dispatchRefund(deps, event);
    case 'payment':
      return dispatchPayment(deps, event);
    case 'dispute':
      return dispatchDispute(deps, event);
  }
}

async function dispatchRefund(deps: InboxDeps, event: RefundEvent): Promise<Dispatched> {
  const { db, engine } = deps;
  if (event.verdict === 'waiting') return ignored(`the status ${event.status ?? event.type} ends nothing`);
  const ours = isUuid(event.refundId)
    ? or(eq(refunds.id, event.refundId), eq(refunds.hyperswitchRefundId, event.refundId))
    : eq(refunds.hyperswitchRefundId, event.refundId);
  const [refund] = await db.select().from(refunds).where(ours);
  if (refund === undefined) return dispatchOutsideRefund(deps, event);
  await engine.tellRefund(
    refund.id,
    {
      status: event.verdict,
      providerRefundId: event.refundId,
      message: event.errorMessage ?? null,
      ...saidAt(event),
    },
    refundLabel(refund),
  );
  return signalled(refundWorkflowId(refund.id));
}

/** A refund that we did not make, of a payment that we know: somebody used the PSP's dashboard. */
async function dispatchOutsideRefund({ db, engine }: InboxDeps, event: RefundEvent): Promise<Dispatched> {
  const unknown = `no refund ${event.refundId} is known`;
  if (event.paymentId === undefined) return unmatched(unknown);
  const [order] = await db.select().from(orders).where(eq(orders.paymentId, event.paymentId));
  if (order === undefined) return unmatched(`${unknown}, nor its payment ${event.paymentId}`);
  if (event.verdict !== 'succeeded') return ignored(`${unknown}, and it moved nothing`);
  const { refundId: providerRefundId, amountMinor = null, currency = null } = event;
  await engine.tellOrderOutside(
    order.id,
    { kind: 'refund', providerRefundId, amountMinor, currency, ...saidAt(event) },
    labelOf(order),
  );
  return signalled(orderWorkflowId(order.id));
}

const saidAt = ({ updatedAt }: RefundEvent) => (updatedAt === undefined ? {} : { saidAt: updatedAt });

async function dispatchPayment({ db, engine }: InboxDeps, event: PaymentEvent): Promise<Dispatched> {
  const fact = factOf(event);
  if (fact === null) return ignored(`the status ${event.status ?? event.type} ends nothing`);
  if (event.paymentId === undefined) return unmatched('the event names no payment');
  const [order] = await db.select().from(orders).where(eq(orders.paymentId, event.paymentId));
  if (order === undefined) return unmatched(`no order with payment ${event.paymentId} is known`);
  await engine.tellOrder(order.id, fact, labelOf(order));
  return signalled(orderWorkflowId(order.id));
}

/** What a payment's event says, as far as it ends something; an amount it does not name is read at the PSP later. */
function factOf(event: PaymentEvent): PaymentFact | null {
  const said = {
    // Nothing received is no capture: the PSP is asked how much it was.
    receivedMinor: event.amountReceivedMinor || null,
    currency: event.currency ?? null,
    message: event.errorMessage ?? null,
    connectorTransactionId: event.connectorTransactionId ?? null,
    ...(namesNoMoney(event) && { unread: true as const }),
  };
  switch (event.verdict) {
    case 'succeeded':
    case 'partially_captured':
      return { ...said, verdict: 'captured' };
    case 'cancelled_post_capture':
      return { ...said, verdict: 'cancelled_post_capture' };
    case 'failed':
    case 'cancelled':
    case 'expired':
      return { ...said, verdict: 'failed', message: said.message ?? event.verdict };
    case 'waiting':
      return null;
  }
}

const namesNoMoney = ({ amountMinor, amountReceivedMinor, currency }: PaymentEvent) =>
  (amountReceivedMinor ?? amountMinor) === undefined || currency === undefined;

/** `accepted` is lost, `won` and `cancelled` free the order; `expired` stays open. Null where it changes nothing. */
function disputeStatusOf(event: DisputeEvent): DisputeNews['status'] | null {
  switch (event.verdict) {
    case 'open':
    case 'expired':
    case 'lost':
      return event.verdict;
    case 'freed':
      return (event.status ?? event.type).includes('cancel') ? 'cancelled' : 'won';
    case 'waiting':
      return null;
  }
}

async function dispatchDispute({ db, engine }: InboxDeps, event: DisputeEvent): Promise<Dispatched> {
  const status = disputeStatusOf(event);
  if (status === null) return ignored(`the status ${event.status ?? event.type} changes nothing`);
  if (event.paymentId === undefined || event.disputeId === undefined) {
    return unmatched('the event names no payment or no dispute');
  }
  const [order] = await db.select().from(orders).where(eq(orders.paymentId, event.paymentId));
  if (order === undefined) return unmatched(`no order with payment ${event.paymentId} is known`);
  const { amountMinor, currency } = event;
  if (amountMinor === undefined || currency === undefined) {
    const note = `${event.type} of ${event.disputeId} names no amount`;
    await raiseFlag(db, 'unhandled_webhook', orderWorkflowId(order.id), note);
    return { outcome: 'unhandled', note };
  }
  const news = { providerDisputeId: event.disputeId, status, amountMinor, currency };
  await engine.tellOrderOutside(order.id, { kind: 'dispute', news }, labelOf(order));
  return signalled(orderWorkflowId(order.id));
}

/** Finds what a Stripe event is about. The answers to our own calls are not waited for here. */
export async function dispatchStripe(
  deps: InboxDeps,
  event: Exclude<StripeEvent, { subject: 'invalid' }>,
): Promise<Dispatched> {
  switch (event.subject) {
    case 'transfer':
      return dispatchTransfer(deps, event);
    case 'payout':
      return dispatchPayout(deps, event);
    case 'account':
      return dispatchAccount(deps, event);
    case 'other':
      return ignored(`nothing here waits for ${event.type}`);
  }
}

async function dispatchTransfer({ db, engine }: InboxDeps, event: StripeTransferEvent): Promise<Dispatched> {
  const { stripeTransferId, transferId } = event.transfer;
  const ours =
    transferId !== null && isUuid(transferId)
      ? or(eq(sellerTransfers.stripeTransferId, stripeTransferId), eq(sellerTransfers.id, transferId))
      : eq(sellerTransfers.stripeTransferId, stripeTransferId);
  const rows = await db.select().from(sellerTransfers).where(ours);
  // A successor may have adopted what its predecessor's metadata names: the row that holds Stripe's id is the one.
  const transfer = rows.find((row) => row.stripeTransferId === stripeTransferId) ?? rows[0];
  if (transfer === undefined) return unmatched(`no transfer ${stripeTransferId} is known`);
  if (event.type !== 'transfer.reversed')
    return ignored(`the workflow learns of ${event.type} by Stripe's answer`);
  const known = await db
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.transferId, transfer.id));
  const named = event.reversals.filter((seen) => !isBooked(seen, known) && rowBehind(seen, known));
  if (named.length > 0) await flagAfterAll(db, transfer.id, named);
  const foreign = event.reversals.filter((seen) => isOutside(seen, known));
  if (foreign.length === 0 && event.reversalsComplete) return ignored('all of its reversals are ours');
  await engine.tellOutsideReversals(transferLabel(transfer), stripeTransferId);
  return signalled(transferWorkflowId(transfer.id));
}

const labelOf = (order: { readonly totalMinor: number; readonly currency: string }) => ({
  amountMinor: order.totalMinor,
  currency: order.currency,
});
