import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import {
  DISPUTE_STAGES,
  DISPUTE_STATUSES,
  UNBOOKED_WHYS,
} from '../../../domain/marketplace/dispute-machine.ts';
import { amount, amountCheck, at, currencyCheck, id, oneOf } from '../../kernel/columns.ts';
import { orders } from '../orders/schema.ts';

export const disputes = pgTable(
  'disputes',
  {
    id: id(),
    /** What it is of: one of these. */
    orderId: uuid().references(() => orders.id),
    invoiceId: uuid(),
    /** The PSP's payment that it disputes, where that is not the one that the invoice took. */
    paymentId: text(),
    providerDisputeId: text().notNull(),
    /**
     * The connector's id of the dispute (Stripe's `dp_…`), as settlement files name it; NULL until the PSP has
     * reported it.
     */
    connectorDisputeId: text(),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    status: text({ enum: DISPUTE_STATUSES }).notNull().default('open'),
    stage: text({ enum: DISPUTE_STAGES }).notNull().default('dispute'),
    /** When the PSP made the report that counts, by its clock; NULL where it did not say. */
    saidAt: at(),
    openedAt: at().notNull(),
    /** NULL while the dispute is open, also when it was opened again. */
    closedAt: at(),
    /** Since when the books differ from `status`, and why; NULL where they agree. */
    unbookedSince: at(),
    unbookedWhy: text({ enum: UNBOOKED_WHYS }),
    /** When the sweep last asked for its booking. */
    reconcileCheckedAt: at(),
  },
  (t) => [
    uniqueIndex('disputes_provider_key').on(t.providerDisputeId),
    index('disputes_by_order').on(t.orderId),
    index('disputes_by_invoice')
      .on(t.invoiceId)
      .where(sql`${t.invoiceId} IS NOT NULL`),
    check('disputes_of_one_purchase', sql`num_nonnulls(${t.orderId}, ${t.invoiceId}) = 1`),
    check('disputes_other_payment_of_invoice', sql`${t.paymentId} IS NULL OR ${t.invoiceId} IS NOT NULL`),
    // For settlement files: by the connector's id, and by the time when the money went.
    index('disputes_by_connector')
      .on(t.connectorDisputeId)
      .where(sql`${t.connectorDisputeId} IS NOT NULL`),
    index('disputes_by_time').on(t.openedAt, t.id),
    index('disputes_open_by_order')
      .on(t.orderId)
      .where(sql`${t.status} = 'open'`),
    index('disputes_unbooked_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.openedAt)
      .where(sql`${t.unbookedSince} IS NOT NULL`),
    oneOf('disputes_status_known', t.status, DISPUTE_STATUSES),
    oneOf('disputes_stage_known', t.stage, DISPUTE_STAGES),
    oneOf('disputes_unbooked_why_known', t.unbookedWhy, UNBOOKED_WHYS),
    currencyCheck('disputes_currency_iso', t.currency),
    check('disputes_unbooked_has_why', sql`(${t.unbookedSince} IS NULL) = (${t.unbookedWhy} IS NULL)`),
    amountCheck('disputes_amount_sane', t.amountMinor),
  ],
);

/** Every report of the PSP's that counted, in that order; append-only. */
export const disputeWords = pgTable(
  'dispute_words',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    disputeId: uuid()
      .notNull()
      .references(() => disputes.id),
    /** The status that it reports. */
    said: text({ enum: DISPUTE_STATUSES }).notNull(),
    stage: text({ enum: DISPUTE_STAGES }).notNull(),
    amountMinor: amount().notNull(),
    saidAt: at(),
    at: at()
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    index('dispute_words_by_dispute').on(t.disputeId, t.id),
    oneOf('dispute_words_said_known', t.said, DISPUTE_STATUSES),
    oneOf('dispute_words_stage_known', t.stage, DISPUTE_STAGES),
    amountCheck('dispute_words_amount_sane', t.amountMinor),
  ],
);

export type Dispute = typeof disputes.$inferSelect;
