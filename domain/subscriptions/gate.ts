import type { InvoiceStatus } from './invoice-machine.ts';
import type { SubscriptionStatus } from './subscription-machine.ts';

/** All that the gate needs to know of a subscription. Times are milliseconds of billing time since the epoch. */
export interface GatedSubscription {
  readonly status: SubscriptionStatus;
  readonly planId: string;
  readonly isFree: boolean;
  readonly trialEndMs: number | null;
}

/** An invoice of that subscription. */
export interface GatedInvoice {
  readonly status: InvoiceStatus;
  readonly planId: string;
  readonly periodStartMs: number | null;
  /** The end belongs to the next period. */
  readonly periodEndMs: number | null;
  /** The PSP's payment that paid it. */
  readonly paymentId: string | null;
}

/**
 * Whether a subscription gives its plan's features: the one rule that says so. `nowMs` is the database's clock; `graceMs` is
 * how much longer an active one has them after its paid period, since a PSP that is down is not the subscriber's fault.
 */
export function hasEffectivePayment(
  subscription: GatedSubscription,
  invoices: readonly GatedInvoice[],
  nowMs: number,
  graceMs: number,
): boolean {
  if (subscription.isFree) return subscription.status === 'active';
  if (subscription.status === 'trialing') {
    return subscription.trialEndMs !== null && nowMs < subscription.trialEndMs;
  }
  return effectiveInvoice(subscription, invoices, nowMs, graceMs) !== null;
}

/**
 * Whether it was paid for, or on trial, to the end of its period. What is over since then is late: its workflow charges or ends
 * it. Nobody is charged for what follows a period that nobody paid.
 */
export const wasPaidUntil = (
  subscription: GatedSubscription,
  invoices: readonly GatedInvoice[],
  periodEndMs: number,
): boolean => hasEffectivePayment(subscription, invoices, periodEndMs - 1, 0);

/** The invoice that is the effective payment, the one with the latest period where several are; null where none is. */
export function effectiveInvoice<Invoice extends GatedInvoice>(
  subscription: GatedSubscription,
  invoices: readonly Invoice[],
  nowMs: number,
  graceMs: number,
): Invoice | null {
  const { status, planId, isFree } = subscription;
  if (isFree || (status !== 'active' && status !== 'canceling')) return null;
  const longerMs = status === 'active' ? graceMs : 0;
  const holds = ({ periodStartMs, periodEndMs }: Invoice) =>
    periodStartMs !== null &&
    periodEndMs !== null &&
    periodStartMs <= nowMs &&
    nowMs < periodEndMs + longerMs;
  const [latest] = invoices
    .filter((invoice) => invoice.planId === planId && isPaid(invoice) && holds(invoice))
    .toSorted(byPeriod);
  return latest ?? null;
}

/**
 * The invoice whose refund ends the subscription: the effective payment. While an active one waits for its renewal beyond the
 * grace, that of the period which is over: who is given that back is not charged for the next.
 */
export function endingInvoice<Invoice extends GatedInvoice>(
  subscription: GatedSubscription,
  invoices: readonly Invoice[],
  {
    nowMs,
    graceMs,
    periodEndMs,
  }: {
    readonly nowMs: number;
    readonly graceMs: number;
    /** Of the period that the subscription is in, or was in last. */
    readonly periodEndMs: number | null;
  },
): Invoice | null {
  const ofPeriod = invoices.filter((invoice) => invoice.periodEndMs === periodEndMs);
  return (
    effectiveInvoice(subscription, invoices, nowMs, graceMs) ??
    effectiveInvoice(subscription, ofPeriod, nowMs, Infinity)
  );
}

const isPaid = ({ status, paymentId }: GatedInvoice): boolean =>
  (status === 'paid' || status === 'partially_refunded') && paymentId !== null && paymentId.trim() !== '';

/** Latest end first, then the latest start. */
const byPeriod = (a: GatedInvoice, b: GatedInvoice): number =>
  (b.periodEndMs ?? 0) - (a.periodEndMs ?? 0) || (b.periodStartMs ?? 0) - (a.periodStartMs ?? 0);

/** Whether a row says that it is in force and is not: nobody paid, and no attempt is under way that may still show otherwise. */
export function isPhantom(
  subscription: GatedSubscription & { readonly hasPendingAttempt: boolean },
  invoices: readonly GatedInvoice[],
  nowMs: number,
  graceMs: number,
): boolean {
  const { status, isFree, hasPendingAttempt } = subscription;
  const saysInForce = status === 'active' || status === 'trialing' || status === 'canceling';
  return (
    !isFree &&
    saysInForce &&
    !hasPendingAttempt &&
    !hasEffectivePayment(subscription, invoices, nowMs, graceMs)
  );
}
