import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { type Order, orders } from '../../db/marketplace/orders/schema.ts';
import { readStoredWebhook } from '../../db/webhooks/index.ts';
import { readRefundWithPayment } from '../../db/marketplace/purchase.ts';
import { MissingRow } from '../../db/kernel/index.ts';
import type {
  DisputeReport,
  OutsideEvent,
  PaymentReport,
  RefundReport,
} from '../../domain/marketplace/messages.ts';
import type { Evidence } from '../../domain/kernel/index.ts';
import { isIncomplete } from '../../domain/marketplace/payment-report.ts';
import { type HyperswitchEvent, parseHyperswitchEvent } from '../../providers/webhooks/hyperswitch-event.ts';
import {
  disputeReport,
  outsideRefundReport,
  paymentReport,
  refundReport,
} from '../../providers/webhooks/reports.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whyUnusable } from '../../providers/webhooks/unusable.ts';

/** A refund made elsewhere or a dispute, with all that is needed to book it. */
export type BookableEvent =
  | { readonly kind: 'dispute'; readonly news: DisputeReport }
  | {
      readonly kind: 'refund';
      readonly providerRefundId: string;
      readonly amountMinor: number;
      readonly currency: string;
      readonly saidAt?: string;
    };

/** An event as the PSP's books have it, with its payment; older histories do not have the payment. */
export type ReadEvent = BookableEvent & { readonly paymentId?: string };

export async function paymentReportFor(
  db: Db,
  orderId: string,
  evidence: Evidence<PaymentReport>,
): Promise<PaymentReport | null> {
  if ('known' in evidence) return evidence.known;
  const event = await storedPspEvent(db, evidence.webhookId);
  if (event?.subject !== 'payment' || event.paymentId !== (await paymentIdOf(db, orderId))) return null;
  const fact = paymentReport(event);
  return fact === null || isIncomplete(fact) ? null : fact;
}

export async function refundReportFor(
  deps: Pick<MarketplaceDeps, 'db' | 'purchases'>,
  refundId: string,
  evidence: Evidence<RefundReport>,
): Promise<RefundReport | null> {
  if ('known' in evidence) return evidence.known;
  const event = await storedPspEvent(deps.db, evidence.webhookId);
  if (event?.subject !== 'refund') return null;
  const { refund, paymentId } = await refundWithPayment(deps, refundId);
  const isAbout = event.refundId.toLowerCase() === refundId || event.refundId === refund.hyperswitchRefundId;
  if (!isAbout || (event.paymentId !== undefined && event.paymentId !== paymentId)) return null;
  const verdict = refundReport(event);
  // Money is booked by what was done, never by what was asked for: an event that does not say what was done is only a
  // hint.
  return verdict?.status === 'succeeded' && verdict.done === undefined ? null : verdict;
}

/** `paymentId` is of the purchase that the event was sent to. */
export async function outsideEventFor(
  db: Db,
  paymentId: string | null,
  evidence: Evidence<ReadEvent>,
): Promise<BookableEvent | null> {
  if ('known' in evidence) {
    // The event that a hint named was read at the PSP, and may belong to another purchase.
    const { known } = evidence;
    return known.paymentId === undefined || known.paymentId === paymentId ? known : null;
  }
  const event = await storedPspEvent(db, evidence.webhookId);
  if (event === null || event.subject === 'invalid') return null;
  if (event.paymentId === undefined || event.paymentId !== paymentId) return null;
  if (event.subject === 'dispute') {
    const news = disputeReport(event);
    return news && { kind: 'dispute', news };
  }
  if (event.subject !== 'refund') return null;
  const refund = outsideRefundReport(event);
  return refund && isBookable(refund) ? refund : null;
}

const isBookable = (
  refund: Extract<OutsideEvent, { kind: 'refund' }>,
): refund is Extract<BookableEvent, { kind: 'refund' }> =>
  refund.amountMinor !== null && refund.currency !== null;

/** What a verified webhook said; null where there is none, or it cannot be used. */
export async function storedPspEvent(db: Db, webhookId: string | null): Promise<HyperswitchEvent | null> {
  const body = await readStoredWebhook(db, 'hyperswitch', webhookId);
  const event = body === null ? null : parseHyperswitchEvent(JSON.parse(body));
  return event === null || whyUnusable(event) !== null ? null : event;
}

export async function orderOf(db: Db, orderId: string): Promise<Order> {
  const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
  if (order === undefined) throw new MissingRow('order', orderId);
  return order;
}

const paymentIdOf = async (db: Db, orderId: string) => (await orderOf(db, orderId)).paymentId;

export async function refundWithPayment(
  { db, purchases }: Pick<MarketplaceDeps, 'db' | 'purchases'>,
  refundId: string,
) {
  const row = await readRefundWithPayment(db, refundId, purchases);
  if (row === null) throw new MissingRow('refund', refundId);
  return row;
}
