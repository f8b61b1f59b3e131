import type { BillingTime } from './billing-time.ts';

/** What the environment says of billing. Durations are of billing time. */
export interface BillingTerms {
  readonly time: BillingTime;
  readonly paymentTimeoutMs: number;
  /** Rising, from the first refusal on. */
  readonly dunningMs: readonly number[];
  readonly renewalJitterMs: number;
  readonly renewalGraceMs: number;
  readonly quoteTtlMs: number;
  readonly minChargeMinor: number;
  readonly phantomAfterMs: number;
  readonly trialReminderMs: number;
  readonly renewalReminderMs: number;
  readonly trialHashKey: string;
  readonly invoiceSeries: string;
  /** Kept with each invoice that is paid. */
  readonly invoiceIssuer: string;
}

/** What the money of invoices asks of the environment: less than the rest of billing, and no secret. */
export type InvoiceTerms = Pick<
  BillingTerms,
  'time' | 'renewalGraceMs' | 'dunningMs' | 'invoiceSeries' | 'invoiceIssuer'
>;

/** The variables that say it, by their names. */
export type InvoiceVariables = Pick<
  BillingVariables,
  | 'SUBSCRIPTION_RENEWAL_GRACE'
  | 'SUBSCRIPTION_DUNNING'
  | 'INVOICE_SERIES'
  | 'INVOICE_ISSUER'
  | 'BILLING_TIME_SCALE'
  | 'BILLING_TIME_START'
>;

interface BillingVariables {
  readonly SUBSCRIPTION_PAYMENT_TIMEOUT: number;
  readonly SUBSCRIPTION_DUNNING: readonly number[];
  readonly SUBSCRIPTION_RENEWAL_JITTER: number;
  readonly SUBSCRIPTION_RENEWAL_GRACE: number;
  readonly SUBSCRIPTION_QUOTE_TTL: number;
  readonly SUBSCRIPTION_MIN_CHARGE_MINOR: number;
  readonly SUBSCRIPTION_PHANTOM_AFTER: number;
  readonly SUBSCRIPTION_TRIAL_REMINDER: number;
  readonly SUBSCRIPTION_RENEWAL_REMINDER: number;
  readonly TRIAL_HASH_KEY: string;
  readonly INVOICE_SERIES: string;
  readonly INVOICE_ISSUER: string;
  readonly BILLING_TIME_SCALE: number;
  readonly BILLING_TIME_START?: string | undefined;
}

export const invoiceTermsOf = (given: InvoiceVariables): InvoiceTerms => ({
  time: { scale: given.BILLING_TIME_SCALE, startMs: Date.parse(given.BILLING_TIME_START ?? '1970-01-01Z') },
  renewalGraceMs: given.SUBSCRIPTION_RENEWAL_GRACE,
  dunningMs: given.SUBSCRIPTION_DUNNING,
  invoiceSeries: given.INVOICE_SERIES,
  invoiceIssuer: given.INVOICE_ISSUER,
});

export const billingTermsOf = (given: BillingVariables): BillingTerms => ({
  ...invoiceTermsOf(given),
  paymentTimeoutMs: given.SUBSCRIPTION_PAYMENT_TIMEOUT,
  renewalJitterMs: given.SUBSCRIPTION_RENEWAL_JITTER,
  quoteTtlMs: given.SUBSCRIPTION_QUOTE_TTL,
  minChargeMinor: given.SUBSCRIPTION_MIN_CHARGE_MINOR,
  phantomAfterMs: given.SUBSCRIPTION_PHANTOM_AFTER,
  trialReminderMs: given.SUBSCRIPTION_TRIAL_REMINDER,
  renewalReminderMs: given.SUBSCRIPTION_RENEWAL_REMINDER,
  trialHashKey: given.TRIAL_HASH_KEY,
});
