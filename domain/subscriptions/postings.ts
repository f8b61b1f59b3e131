import { sumMinor } from '../kernel/index.ts';
import { type Entry, entry } from '../ledger/index.ts';

/** Kinds of postings, as `ledger_entries` keep them. */
export const SUBSCRIPTION_POSTINGS = [
  'invoice_paid',
  'invoice_payment_suspended',
  'invoice_payment_returned',
  'invoice_refunded',
  'invoice_refund_returned',
  'revenue_recognised',
] as const;

/** Rows that these postings are of. */
export const SUBSCRIPTION_LEDGER_SUBJECTS = ['invoice'] as const;

/** An invoice stands in no story but its own. */
export const ofInvoice = (id: string) =>
  ({ of: { kind: 'invoice', id }, root: { kind: 'invoice', id } }) as const;

/** A refund of an invoice, in the invoice's story. */
export const ofInvoiceRefund = (refundId: string, invoiceId: string) =>
  ({ of: { kind: 'refund', id: refundId }, root: { kind: 'invoice', id: invoiceId } }) as const;

/** A paid period is service owed: it is revenue only as it passes. */
export function invoicePaid(amountMinor: number, taxMinor: number): Entry[] {
  return [
    entry('cash:psp', amountMinor),
    entry('platform:deferred', taxMinor - amountMinor),
    entry('platform:tax', -taxMinor),
  ];
}

/** Money that its invoice cannot take is held for its payer until it is given back. */
export function invoicePaymentSuspended(receivedMinor: number): Entry[] {
  return [entry('cash:psp', receivedMinor), entry('suspense:invoice', -receivedMinor)];
}

/** `excessMinor` is what went out beyond the money that was held. */
export function invoicePaymentReturned(amountMinor: number, excessMinor = 0): Entry[] {
  return [
    entry('cash:psp', -amountMinor),
    entry('suspense:invoice', amountMinor - excessMinor),
    entry('platform:losses', excessMinor),
  ];
}

/** Where a refund of an invoice takes its money from. Minor units, none below zero. */
export interface InvoiceRefundParts {
  /** Of what was not recognised yet. */
  readonly deferredMinor: number;
  readonly revenueMinor: number;
  readonly taxMinor: number;
  /** Beyond what the invoice was paid. */
  readonly excessMinor: number;
}

export function invoiceRefunded(parts: InvoiceRefundParts): Entry[] {
  const { deferredMinor, revenueMinor, taxMinor, excessMinor } = parts;
  return [
    entry('cash:psp', -sumMinor([deferredMinor, revenueMinor, taxMinor, excessMinor])),
    entry('platform:deferred', deferredMinor),
    entry('platform:revenue', revenueMinor),
    entry('platform:tax', taxMinor),
    entry('platform:losses', excessMinor),
  ];
}

/** The money of a refund is back. */
export const invoiceRefundReturned = (parts: InvoiceRefundParts): Entry[] =>
  invoiceRefunded(parts).map(({ account, amountMinor }) =>
    entry(account, amountMinor === 0 ? 0 : -amountMinor),
  );

/** Time has passed, or the service has ended without a refund. */
export function revenueRecognised(amountMinor: number): Entry[] {
  return [entry('platform:deferred', amountMinor), entry('platform:revenue', -amountMinor)];
}
