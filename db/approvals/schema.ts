import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { APPROVAL_STATUSES } from '../../domain/approvals/approval-machine.ts';
import { amount, amountCheck, at, currencyCheck, id, oneOf } from '../kernel/columns.ts';

/** What one admin asked for and another has to agree to. */
export const approvals = pgTable(
  'approvals',
  {
    id: id(),
    action: text().notNull(),
    /** The workflow id of what is acted on, or a list's fingerprint: `list/…`. */
    subject: text().notNull(),
    /** Of an action on many its rows and their totals; of others what more they were asked with. */
    params: jsonb(),
    /** How what is acted on stood when it was asked for: nothing is done to what has changed since. */
    seen: text().notNull(),
    /** Of a list: the largest total of one currency. NULL: it names no money, such as a key for somebody else. */
    amountMinor: amount(),
    currency: text(),
    reason: text().notNull(),
    /** A user's id. */
    requestedBy: text().notNull(),
    requestedAt: at().notNull().defaultNow(),
    expiresAt: at().notNull(),
    status: text({ enum: APPROVAL_STATUSES }).notNull().default('pending'),
    /** The second admin; NULL where nobody decided. Whoever asked may take it back, but not agree. */
    decidedBy: text(),
    decidedAt: at(),
    /** What the second admin said, or why it expired. */
    note: text(),
    /** What the engine is told, once it is approved. */
    work: jsonb(),
    /** When the engine had it: NULL on an approved one means that it has to be told again. */
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

/** Money that one admin decided on alone: what they did within a day is held against the threshold together. */
export const decisions = pgTable(
  'decisions',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** A user's id. */
    actor: text().notNull(),
    action: text().notNull(),
    /** The workflow id of what it moved or decided on; of a refund, the refund that it opened. */
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
