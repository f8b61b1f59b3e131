import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { APPROVAL_STATUSES } from '../../domain/approvals/approval-machine.ts';
import { amount, amountCheck, at, currencyCheck, id, oneOf } from '../kernel/columns.ts';

/** Actions that one admin asked for and another has to agree to. */
export const approvals = pgTable(
  'approvals',
  {
    id: id(),
    action: text().notNull(),
    /** The workflow id of the row, or a list's fingerprint: `list/…`. */
    subject: text().notNull(),
    /** For an action on many rows: the rows and their totals. For other actions: their further parameters. */
    params: jsonb(),
    /** A snapshot of the subject when the action was asked for: if it has changed since, nothing is done. */
    seen: text().notNull(),
    /**
     * For a list: the largest total of one currency. NULL: the action names no money, such as a key for somebody
     * else.
     */
    amountMinor: amount(),
    currency: text(),
    reason: text().notNull(),
    /** A user's id. */
    requestedBy: text().notNull(),
    requestedAt: at().notNull().defaultNow(),
    expiresAt: at().notNull(),
    status: text({ enum: APPROVAL_STATUSES }).notNull().default('pending'),
    /** The second admin; NULL where nobody decided. The one who asked may take it back, but not agree. */
    decidedBy: text(),
    decidedAt: at(),
    /** The second admin's note, or why it expired. */
    note: text(),
    /** What the engine is notified of after the approval. */
    work: jsonb(),
    /** When the engine was notified. NULL on an approved row: it has to be notified again. */
    toldAt: at(),
  },
  (t) => [
    uniqueIndex('approvals_one_pending')
      .on(t.action, t.subject)
      .where(sql`${t.status} = 'pending'`),
    index('approvals_newest').on(t.requestedAt, t.id),
    index('approvals_by_subject').on(t.subject),
    index('approvals_untold')
      .on(t.decidedAt)
      .where(sql`${t.status} = 'approved' AND ${t.toldAt} IS NULL`),
    oneOf('approvals_status_known', t.status, APPROVAL_STATUSES),
    amountCheck('approvals_amount_sane', t.amountMinor),
    currencyCheck('approvals_currency_iso', t.currency),
    check('approvals_money_whole', sql`(${t.amountMinor} IS NULL) = (${t.currency} IS NULL)`),
    check(
      'approvals_by_another',
      sql`${t.status} <> 'approved' OR (${t.decidedBy} IS NOT NULL AND ${t.decidedBy} <> ${t.requestedBy})`,
    ),
  ],
);

/** Money that one admin decided on alone: the sums of one day are compared with the threshold. */
export const decisions = pgTable(
  'decisions',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** A user's id. */
    actor: text().notNull(),
    action: text().notNull(),
    /** The workflow id of the row that the decision moved; for a refund, the refund that it opened. */
    subject: text().notNull(),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    at: at().notNull().defaultNow(),
  },
  (t) => [
    index('decisions_by_actor').on(t.actor, t.at),
    amountCheck('decisions_amount_sane', t.amountMinor),
    currencyCheck('decisions_currency_iso', t.currency),
  ],
);

export type Approval = typeof approvals.$inferSelect;
