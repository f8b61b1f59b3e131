import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const INVOICE_STATUSES = ['open', 'paid', 'partially_refunded', 'refunded', 'void'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

export const INVOICE: Machine<InvoiceStatus> = {
  name: 'invoice',
  statuses: INVOICE_STATUSES,
  transitions: {
    open: ['paid', 'void'],
    paid: ['partially_refunded', 'refunded'],
    partially_refunded: ['refunded'],
    refunded: [],
    void: [],
  },
  // Its bank sent a refund back: a person who looked reverts the books.
  reviewedTransitions: { refunded: ['paid', 'partially_refunded'], partially_refunded: ['paid'] },
  // A lost dispute had taken the money, and a later report of the PSP brings it back.
  wonBackTransitions: { refunded: ['paid', 'partially_refunded'], partially_refunded: ['paid'] },
};

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(INVOICE, from, to, by);

/** What an invoice is for. */
export const INVOICE_REASONS = ['first', 'renewal', 'trial_end', 'change'] as const;
export type InvoiceReason = (typeof INVOICE_REASONS)[number];

export const INVOICE_LINE_KINDS = ['plan', 'unused_credit', 'minimum_charge'] as const;
export type InvoiceLineKind = (typeof INVOICE_LINE_KINDS)[number];
