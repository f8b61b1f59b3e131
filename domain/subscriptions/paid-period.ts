import type { BillingCycle } from './billing-cycle.ts';
import type { InvoiceReason } from './invoice-machine.ts';
import { type Period, periodFrom, periodOf, type ReckonedPeriod } from './periods.ts';
import type { SubscriptionStatus } from './subscription-machine.ts';

/** What decides which period a payment pays for. Times are milliseconds of billing time since the epoch. */
export interface PaidFor {
  readonly reason: InvoiceReason;
  readonly status: SubscriptionStatus;
  /** The cycle of the invoice's price. */
  readonly cycle: BillingCycle;
  readonly present: ReckonedPeriod | null;
  readonly trialEndMs: number | null;
  /** The invoice's own period, where it was known when it was opened. */
  readonly invoiced: Period | null;
  /** Of a change to years: when it was quoted. */
  readonly quotedAtMs: number | null;
  readonly nowMs: number;
  /** How much longer than its paid period an active subscription has its features: `SUBSCRIPTION_RENEWAL_GRACE`. */
  readonly graceMs: number;
}

/** The period that a subscription is in once an invoice is paid. Throws where its rows do not say. */
export function periodPaid(paid: PaidFor): ReckonedPeriod {
  const { reason, status, cycle, present, trialEndMs, invoiced, quotedAtMs, nowMs, graceMs } = paid;
  // Days without access are not sold: the first payment, and one after a refusal, begin a period of their own. The first
  // one does so whatever its row says: one that says it is in force was not.
  if (reason === 'first' || status === 'pending_payment' || status === 'past_due')
    return anchored(nowMs, cycle);
  // What is due is paid for from then on, the grace too. Beyond it there was no access: the period begins where that does again.
  const isBeyondGrace = (dueMs: number) => nowMs >= dueMs + graceMs;
  if (reason === 'trial_end' && trialEndMs !== null)
    return anchored(isBeyondGrace(trialEndMs) ? nowMs : trialEndMs, cycle);
  if (reason === 'change' && quotedAtMs !== null) return anchored(quotedAtMs, cycle);
  if (reason === 'change' && present !== null) return present;
  if (reason === 'renewal' && present !== null && invoiced !== null)
    return isBeyondGrace(invoiced.startMs)
      ? anchored(nowMs, cycle)
      : periodFrom(present.anchorMs, cycle, invoiced.startMs);
  throw new Error(`nothing says which period a payment of reason ${reason} is for while ${status}`);
}

const anchored = (anchorMs: number, cycle: BillingCycle): ReckonedPeriod => ({
  ...periodOf(anchorMs, cycle, 0),
  anchorMs,
  index: 0,
});
