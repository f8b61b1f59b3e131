import type { OutsideEvent } from '../marketplace/index.ts';

// What signals to a subscription say. They decide nothing, and name nobody and no card: the stored webhook has all.

/** The PSP said something of a payment of ours: an attempt, or a set-up payment. */
export interface PaymentNews {
  readonly paymentId: string;
}

/** A dispute of an invoice, or a refund of it that was not asked of us. */
export type InvoiceEvent = OutsideEvent & { readonly invoiceId: string };
