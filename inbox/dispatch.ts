import { eq, or } from 'drizzle-orm';
import { VezaError } from '../domain/errors.ts';
import { isUuid, formatMoney } from '../domain/kernel/index.ts';
import {
  orderWorkflowId,
  refundWorkflowId,
  transferWorkflowId,
  isBooked,
  isOutside,
  rowBehind,
} from '../domain/marketplace/index.ts';
import type { Db } from '../db/client.ts';
import {
  type Transfer,
  sellerTransfers,
  transferReversals,
  orders,
  findReportedRefund,
  flagAfterAll,
  flagSentAfterAll,
  refundLabel,
  transferLabel,
} from '../db/marketplace/index.ts';
import { readPlatformSetting, raiseFlag } from '../db/kernel/index.ts';
import type {
  DisputeEvent,
  HyperswitchEvent,
  PaymentEvent,
  RefundEvent,
} from '../providers/webhooks/hyperswitch-event.ts';
import {
  disputeReport,
  disputeStatus,
  outsideRefundReport,
  paymentReport,
  refundReport,
} from '../providers/webhooks/reports.ts';
import type { StripeEvent, StripeTransferEvent } from '../providers/webhooks/stripe-event.ts';
import { whyUnusable } from '../providers/webhooks/unusable.ts';
import { dispatchAccount, dispatchPayout } from './payouts.ts';
import { dispatchInvoiceEvent, dispatchSubscriptionPayment, dispatchWantedBuyer } from './subscriptions.ts';
import { type Dispatched, hint, ignored, otherMode, signalled, unhandled, unmatched } from './dispatched.ts';
import type { InboxDeps } from './deps.ts';

/** The inbox row that an event is read from; null where the event was made from what a sweep read at the PSP. */
export type WebhookId = string | null;

/**
 * Finds the workflow that a Hyperswitch event is for and sends it a hint. The activity that decides reads the stored
 * event itself, or the PSP.
 */
export async function dispatchHyperswitch(
  deps: InboxDeps,
  event: Exclude<HyperswitchEvent, { subject: 'invalid' }>,
  webhookId: WebhookId,
): Promise<Dispatched> {
  const unusable = whyUnusable(event);
  if (unusable !== null) return unmatched(unusable);
  switch (event.subject) {
    case 'refund':
      return dispatchRefund(deps, event, webhookId);
    case 'payment':
      return dispatchPayment(deps, event, webhookId);
    case 'dispute':
      return dispatchDispute(deps, event, webhookId);
  }
}

async function dispatchRefund(
  deps: InboxDeps,
  event: RefundEvent,
  webhookId: WebhookId,
): Promise<Dispatched> {
  const { db, engine } = deps;
  const report = refundReport(event);
  if (report === null) return ignored(`the status ${event.status ?? event.type} ends nothing`);
  const { refund, order } = await findReportedRefund(db, event.refundId, event.paymentId);
  if (refund === null) return dispatchOutsideRefund(deps, event, order, webhookId);
  await engine.notifyRefund(refund.id, hint({ ...report, message: null }, webhookId), refundLabel(refund));
  return signalled(refundWorkflowId(refund.id));
}

/** A refund that we did not ask for, of a payment that we know: somebody used the PSP's dashboard. */
async function dispatchOutsideRefund(
  deps: InboxDeps,
  event: RefundEvent,
  order: Awaited<ReturnType<typeof findReportedRefund>>['order'],
  webhookId: WebhookId,
): Promise<Dispatched> {
  const unknown = `no refund ${event.refundId} is known`;
  if (event.paymentId === undefined) return unmatched(unknown);
  const refund = outsideRefundReport(event);
  if (refund === null) return ignored(`${unknown}, and it moved nothing`);
  if (order === null) {
    const ofInvoice = await dispatchInvoiceEvent(deps, event.paymentId, refund, webhookId);
    return ofInvoice ?? unmatched(`${unknown}, nor its payment ${event.paymentId}`);
  }
  await deps.engine.notifyOrderOutside(order.id, hint(refund, webhookId), labelOf(order));
  return signalled(orderWorkflowId(order.id));
}

async function dispatchPayment(
  deps: InboxDeps,
  event: PaymentEvent,
  webhookId: WebhookId,
): Promise<Dispatched> {
  const { db, engine } = deps;
  const report = paymentReport(event);
  if (report === null)
    return (
      (await dispatchWantedBuyer(deps, event, webhookId)) ??
      ignored(`the status ${event.status ?? event.type} ends nothing`)
    );
  if (event.paymentId === undefined) return unmatched('the event names no payment');
  const [order] = await db.select().from(orders).where(eq(orders.paymentId, event.paymentId));
  if (order === undefined) {
    const ofSubscription = await dispatchSubscriptionPayment(deps, event, webhookId);
    return ofSubscription ?? unmatched(`neither an order nor an invoice has payment ${event.paymentId}`);
  }
  // The PSP also reports each payment that we cancel: that is not worth a workflow.
  if (report.verdict === 'failed' && order.status === 'failed')
    return ignored('the order has failed already');
  await engine.notifyOrder(order.id, hint({ ...report, message: null }, webhookId), labelOf(order));
  return signalled(orderWorkflowId(order.id));
}

async function dispatchDispute(
  deps: InboxDeps,
  event: DisputeEvent,
  webhookId: WebhookId,
): Promise<Dispatched> {
  const { db, engine } = deps;
  if (disputeStatus(event) === null)
    return ignored(`the status ${event.status ?? event.type} changes nothing`);
  if (event.paymentId === undefined || event.disputeId === undefined) {
    return unmatched('the event names no payment or no dispute');
  }
  const [order] = await db.select().from(orders).where(eq(orders.paymentId, event.paymentId));
  // A dispute without an amount is read at the PSP: until it is booked, the purchase could be refunded as well.
  const news = disputeReport(event) ?? { providerDisputeId: event.disputeId };
  if (order === undefined) {
    const ofInvoice = await dispatchInvoiceEvent(deps, event.paymentId, { kind: 'dispute', news }, webhookId);
    return ofInvoice ?? unmatched(`neither an order nor an invoice has payment ${event.paymentId}`);
  }
  await engine.notifyOrderOutside(order.id, hint({ kind: 'dispute', news }, webhookId), labelOf(order));
  return signalled(orderWorkflowId(order.id));
}

/**
 * Finds the workflow that a Stripe event is for. No workflow waits for events that only repeat the answers to our own
 * calls.
 */
export async function dispatchStripe(
  deps: InboxDeps,
  event: Exclude<StripeEvent, { subject: 'invalid' }>,
  webhookId: string,
): Promise<Dispatched> {
  const unusable = whyUnusable(event);
  if (unusable !== null) return unmatched(unusable);
  const ourMode = await readPlatformSetting(deps.db, 'stripe_mode');
  const isKnown = ourMode === 'live' || ourMode === 'test';
  // The event stays stored, and Stripe's repeat or a sweep hands it on later: an event of the other mode must not
  // move money.
  if (event.mode !== null && !isKnown)
    throw new VezaError(
      'engine_unavailable',
      'No worker has reported yet whether our Stripe key is live or test.',
    );
  if (event.mode !== null && event.mode !== ourMode)
    return otherMode(`the event is of ${event.mode} mode, our key of ${ourMode} mode`);
  switch (event.subject) {
    case 'transfer':
      return dispatchTransfer(deps, event);
    case 'payout':
      return dispatchPayout(deps, event, webhookId);
    case 'account':
      return dispatchAccount(deps, event);
    case 'other':
      return ignored(`no workflow waits for ${event.type}`);
  }
}

async function dispatchTransfer({ db, engine }: InboxDeps, event: StripeTransferEvent): Promise<Dispatched> {
  const { stripeTransferId, transferId } = event.transfer;
  const ours =
    transferId !== null && isUuid(transferId)
      ? or(eq(sellerTransfers.stripeTransferId, stripeTransferId), eq(sellerTransfers.id, transferId))
      : eq(sellerTransfers.stripeTransferId, stripeTransferId);
  const rows = await db.select().from(sellerTransfers).where(ours);
  // A successor may have adopted the transfer that names its predecessor in the metadata: the row with Stripe's id
  // counts.
  const transfer = rows.find((row) => row.stripeTransferId === stripeTransferId) ?? rows[0];
  if (transfer === undefined) return unmatched(`no transfer ${stripeTransferId} is known`);
  const afterAll =
    transfer.stripeTransferId === stripeTransferId
      ? null
      : await flagSentAfterAll(db, transfer.id, stripeTransferId);
  if (afterAll !== null) return unhandled(afterAll);
  const differs = await flagDiffering(db, transfer, event.transfer);
  if (event.type !== 'transfer.reversed')
    return differs === null
      ? ignored(`the workflow learns of ${event.type} by Stripe's answer`)
      : unhandled(differs);
  const known = await db
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.transferId, transfer.id));
  const named = event.reversals.filter((seen) => !isBooked(seen, known) && rowBehind(seen, known));
  if (named.length > 0) await flagAfterAll(db, transfer.id, named);
  const foreign = event.reversals.filter((seen) => isOutside(seen, known));
  if (foreign.length === 0 && event.reversalsComplete) return ignored('all of its reversals are ours');
  await engine.notifyOutsideReversals(transferLabel(transfer), stripeTransferId);
  return signalled(transferWorkflowId(transfer.id));
}

/** Where Stripe made the transfer with another amount or currency than we asked for, raises a flag and returns why. */
async function flagDiffering(
  db: Db,
  row: Transfer,
  made: StripeTransferEvent['transfer'],
): Promise<string | null> {
  const asked = row.askedAmountMinor ?? row.amountMinor;
  if (made.amountMinor === asked && made.currency === row.currency) return null;
  const theirs = formatMoney(made.amountMinor, made.currency);
  const note = `${made.stripeTransferId} at Stripe is of ${theirs}, our transfer of ${formatMoney(asked, row.currency)}`;
  await raiseFlag(db, 'amount_differs', transferWorkflowId(row.id), note);
  return note;
}

const labelOf = (order: { readonly totalMinor: number; readonly currency: string }) => ({
  amountMinor: order.totalMinor,
  currency: order.currency,
});
