import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { ATTEMPT_STATUSES, DECLINE_CLASSES } from '../../../domain/subscriptions/attempt-machine.ts';
import {
  INVOICE_LINE_KINDS,
  INVOICE_REASONS,
  INVOICE_STATUSES,
} from '../../../domain/subscriptions/invoice-machine.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../../kernel/columns.ts';
import { refunds } from '../../marketplace/index.ts';
import { paymentMethods, planPrices, subscriptions } from '../schema.ts';

/** Whom an invoice was issued to, as it stood when it was paid. */
export interface IssuedTo {
  readonly userId: string;
  readonly email: string;
}

export const invoices = pgTable(
  'invoices',
  {
    id: id(),
    subscriptionId: uuid()
      .notNull()
      .references(() => subscriptions.id),
    priceId: uuid()
      .notNull()
      .references(() => planPrices.id),
    reason: text({ enum: INVOICE_REASONS }).notNull(),
    status: text({ enum: INVOICE_STATUSES }).notNull().default('open'),
    /** Taken when it is paid, so that there is no gap: `VZ-2026-000001`. */
    number: text().unique(),
    periodStart: at(),
    periodEnd: at(),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    taxMinor: amount().notNull().default(0),
    refundedMinor: amount().notNull().default(0),
    /** The PSP's id of the payment that paid it. */
    hyperswitchPaymentId: text(),
    issuedTo: jsonb().$type<IssuedTo>().notNull(),
    /** Who issued it, as INVOICE_ISSUER was when it was paid: lines divided by semicolons. */
    issuer: text(),
    paidAt: at(),
    createdAt: at().notNull(),
  },
  (t) => [
    uniqueIndex('invoices_one_open')
      .on(t.subscriptionId)
      .where(sql`${t.status} = 'open'`),
    uniqueIndex('invoices_one_per_period')
      .on(t.subscriptionId, t.periodStart)
      .where(sql`${t.status} <> 'void' AND ${t.reason} <> 'change'`),
    index('invoices_by_subscription').on(t.subscriptionId, t.createdAt, t.id),
    index('invoices_by_payment').on(t.hyperswitchPaymentId),
    oneOf('invoices_reason_known', t.reason, INVOICE_REASONS),
    oneOf('invoices_status_known', t.status, INVOICE_STATUSES),
    amountCheck('invoices_amount_sane', t.amountMinor, 1),
    check('invoices_tax_within', sql`${t.taxMinor} BETWEEN 0 AND ${t.amountMinor}`),
    check('invoices_refunded_within', sql`${t.refundedMinor} BETWEEN 0 AND ${t.amountMinor}`),
    currencyCheck('invoices_currency_iso', t.currency),
    check(
      'invoices_paid_is_whole',
      sql`(${t.status} IN ('open', 'void')) = (${t.number} IS NULL)
        AND (${t.number} IS NULL) = (${t.paidAt} IS NULL)
        AND (${t.number} IS NULL OR ${t.periodStart} IS NOT NULL AND ${t.periodEnd} IS NOT NULL)`,
    ),
    check(
      'invoices_period_sane',
      sql`num_nonnulls(${t.periodStart}, ${t.periodEnd}) <> 1 AND ${t.periodEnd} > ${t.periodStart}`,
    ),
  ],
);

export const invoiceLines = pgTable(
  'invoice_lines',
  {
    id: id(),
    invoiceId: uuid()
      .notNull()
      .references(() => invoices.id),
    position: integer().notNull(),
    kind: text({ enum: INVOICE_LINE_KINDS }).notNull(),
    description: text().notNull(),
    /** Signed: a credit is below zero. */
    amountMinor: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [
    uniqueIndex('invoice_lines_position_key').on(t.invoiceId, t.position),
    oneOf('invoice_lines_kind_known', t.kind, INVOICE_LINE_KINDS),
  ],
);

/** Attempts to be paid: each is a payment of its own at the PSP, under the row's id. */
export const invoicePayments = pgTable(
  'invoice_payments',
  {
    /** At the PSP too: attempt 1 has the invoice's id, attempt n a v5 of the invoice's id and n. */
    id: id(),
    invoiceId: uuid()
      .notNull()
      .references(() => invoices.id),
    attempt: integer().notNull(),
    /** Whether the buyer is there and confirms it; otherwise the card on file is charged. */
    onSession: boolean().notNull(),
    paymentMethodId: uuid().references(() => paymentMethods.id),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    status: text({ enum: ATTEMPT_STATUSES }).notNull().default('pending'),
    /** The PSP's own word at its last answer: `processing`, `requires_customer_action`, … It ends nothing. */
    providerStatus: text(),
    /** What the PSP received, in minor units; with another amount or currency than asked for, it is given back. */
    receivedMinor: amount(),
    receivedCurrency: text(),
    declineCode: text(),
    declineClass: text({ enum: DECLINE_CLASSES }),
    errorMessage: text(),
    clientSecret: text(),
    clientSecretExpiresAt: at(),
    connectorTransactionId: text(),
    /** When we learned that the PSP has captured it. Real time. */
    capturedAt: at(),
    /** When a call first went out that may have made the payment. */
    askedAt: at(),
    /** When the last of them did: it may still arrive. */
    lastAskedAt: at(),
    /** Somebody wants it over: it is cancelled at the PSP, if that is still possible. */
    endRequestedAt: at(),
    /** The buyer asked for a payment that works: once this one is known to be over, the next is opened for them. */
    buyerAsksAgain: boolean().notNull().default(false),
    reconcileCheckedAt: at(),
    /** Of one that failed and whose payment was not known to be dead: until when a sweep reads it at the PSP. Real time. */
    watchedUntil: at(),
    /** When a sweep last looked for what others did to the payment that was captured. */
    outsideCheckedAt: at(),
    /** Its payment is too old to be refunded or disputed by others. */
    outsideOver: boolean().notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('invoice_payments_attempt_key').on(t.invoiceId, t.attempt),
    uniqueIndex('invoice_payments_one_pending')
      .on(t.invoiceId)
      .where(sql`${t.status} = 'pending'`),
    index('invoice_payments_pending_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    index('invoice_payments_watched_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.watchedUntil} IS NOT NULL`),
    index('invoice_payments_by_time').on(t.createdAt),
    index('invoice_payments_refused_by_card')
      .on(t.paymentMethodId, t.askedAt)
      .where(sql`${t.status} = 'failed' AND NOT ${t.onSession}`),
    index('invoice_payments_outside_by_look')
      .on(sql`coalesce(${t.outsideCheckedAt}, ${t.capturedAt}, ${t.createdAt}) NULLS FIRST`, t.createdAt)
      .where(sql`${t.receivedMinor} IS NOT NULL AND NOT ${t.outsideOver}`),
    index('invoice_payments_outside_by_time')
      .on(sql`coalesce(${t.capturedAt}, ${t.createdAt})`)
      .where(sql`${t.receivedMinor} IS NOT NULL AND NOT ${t.outsideOver}`),
    // For settlement files: by the connector's id, and by the time when the money came.
    index('invoice_payments_by_connector_transaction')
      .on(t.connectorTransactionId)
      .where(sql`${t.connectorTransactionId} IS NOT NULL`),
    index('invoice_payments_captured_by_time')
      .on(sql`coalesce(${t.capturedAt}, ${t.createdAt})`, t.id)
      .where(sql`${t.receivedMinor} IS NOT NULL`),
    oneOf('invoice_payments_status_known', t.status, ATTEMPT_STATUSES),
    oneOf('invoice_payments_decline_class_known', t.declineClass, DECLINE_CLASSES),
    amountCheck('invoice_payments_amount_sane', t.amountMinor, 1),
    amountCheck('invoice_payments_received_sane', t.receivedMinor, 1),
    currencyCheck('invoice_payments_currency_iso', t.currency),
    check(
      'invoice_payments_watched_took_nothing',
      sql`${t.watchedUntil} IS NULL OR (${t.status} = 'failed' AND ${t.receivedMinor} IS NULL)`,
    ),
    check('invoice_payments_attempt_counts', sql`${t.attempt} >= 1`),
  ],
);

/** What a paid invoice still owes in service; it becomes revenue as time passes. */
export const revenueSchedules = pgTable(
  'revenue_schedules',
  {
    id: id(),
    invoiceId: uuid()
      .notNull()
      .unique()
      .references(() => invoices.id),
    /** Lowered by refunds, and by what moves to another schedule. */
    amountMinor: amount().notNull(),
    recognisedMinor: amount().notNull().default(0),
    currency: text().notNull(),
    startsAt: at().notNull(),
    endsAt: at().notNull(),
  },
  (t) => [
    index('revenue_schedules_open')
      .on(t.startsAt, t.id)
      .where(sql`${t.recognisedMinor} < ${t.amountMinor}`),
    amountCheck('revenue_schedules_amount_sane', t.amountMinor),
    check('revenue_schedules_recognised_within', sql`${t.recognisedMinor} BETWEEN 0 AND ${t.amountMinor}`),
    currencyCheck('revenue_schedules_currency_iso', t.currency),
    check('revenue_schedules_time_sane', sql`${t.endsAt} > ${t.startsAt}`),
  ],
);

/** The last number of each series; its lock makes the numbers follow each other. */
export const invoiceCounters = pgTable('invoice_counters', {
  series: text().primaryKey(),
  lastNumber: bigint({ mode: 'number' }).notNull(),
});

export const creditNotes = pgTable(
  'credit_notes',
  {
    number: text().primaryKey(),
    invoiceId: uuid()
      .notNull()
      .references(() => invoices.id),
    refundId: uuid()
      .notNull()
      .unique()
      .references(() => refunds.id),
    amountMinor: amount().notNull(),
    createdAt: at().notNull(),
  },
  (t) => [
    index('credit_notes_by_invoice').on(t.invoiceId),
    amountCheck('credit_notes_amount_sane', t.amountMinor, 1),
  ],
);

export type Invoice = typeof invoices.$inferSelect;
export type InvoiceLine = typeof invoiceLines.$inferSelect;
export type InvoicePayment = typeof invoicePayments.$inferSelect;
export type RevenueSchedule = typeof revenueSchedules.$inferSelect;
