import { z } from '@hono/zod-openapi';
import type { CreditNote, InvoiceRow } from '../../db/subscriptions/read/invoices.ts';
import {
  INVOICE_LINE_KINDS,
  INVOICE_REASONS,
  INVOICE_STATUSES,
} from '../../domain/subscriptions/invoice-machine.ts';
import { AmountMinor, Currency, Id, Time, time, timeOrNull } from '../kernel/index.ts';

export const InvoiceLine = z
  .object({
    kind: z.enum(INVOICE_LINE_KINDS),
    description: z.string(),
    amount: AmountMinor.openapi({ description: 'Below zero: a credit' }),
  })
  .openapi('InvoiceLine');

export const Invoice = z
  .object({
    id: Id,
    number: z
      .string()
      .nullable()
      .openapi({ description: 'Given when it is paid', example: 'VZ-2026-000001' }),
    status: z.enum(INVOICE_STATUSES),
    reason: z.enum(INVOICE_REASONS),
    period_start: Time.nullable(),
    period_end: Time.nullable(),
    amount: AmountMinor.openapi({ description: 'Tax included' }),
    tax_amount: AmountMinor,
    refunded_amount: AmountMinor,
    currency: Currency,
    lines: z.array(InvoiceLine),
    payment_id: z.string().nullable().openapi({ description: 'The payment that paid it' }),
    paid_at: Time.nullable(),
    created_at: Time,
  })
  .openapi('Invoice');

/** One invoice as `GET` shows it: with its credit notes. */
export const InvoiceInFull = Invoice.extend({
  credit_notes: z.array(z.object({ number: z.string(), amount: AmountMinor, created_at: Time })),
}).openapi('InvoiceInFull');

export const showInvoice = (row: InvoiceRow): z.infer<typeof Invoice> => ({
  id: row.id,
  number: row.number,
  status: row.status,
  reason: row.reason,
  period_start: timeOrNull(row.periodStart),
  period_end: timeOrNull(row.periodEnd),
  amount: row.amountMinor,
  tax_amount: row.taxMinor,
  refunded_amount: row.refundedMinor,
  currency: row.currency,
  lines: row.lines.map(({ kind, description, amountMinor }) => ({ kind, description, amount: amountMinor })),
  payment_id: row.hyperswitchPaymentId,
  paid_at: timeOrNull(row.paidAt),
  created_at: time(row.createdAt),
});

export const showInvoiceInFull = (
  row: InvoiceRow,
  creditNotes: readonly CreditNote[],
): z.infer<typeof InvoiceInFull> => ({
  ...showInvoice(row),
  credit_notes: creditNotes.map(({ number, amountMinor, createdAt }) => ({
    number,
    amount: amountMinor,
    created_at: time(createdAt),
  })),
});
