import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  inet,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Ask, KeptAnswer, OpenedPayout, RefundAnswer } from '../../domain/kernel/messages.ts';
import { at, createdAt, id, oneOf } from './columns.ts';

export const WEBHOOK_PROVIDERS = ['hyperswitch', 'stripe'] as const;
export type WebhookProvider = (typeof WEBHOOK_PROVIDERS)[number];

/**
 * - `received`: stored, not yet dispatched (the engine may have been away)
 * - `signalled`: the workflow that waits for it has it
 * - `ignored`: says nothing that changes anything
 * - `unmatched`: about something we do not know (yet)
 * - `unhandled`: about something that no code here acts on; a person should look
 * - `other_mode`: of Stripe's test mode while our key is live, or the other way round: it changes nothing
 */
export const WEBHOOK_OUTCOMES = [
  'received',
  'signalled',
  'ignored',
  'unmatched',
  'unhandled',
  'other_mode',
] as const;
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];

export const webhookEvents = pgTable(
  'webhook_events',
  {
    id: id(),
    provider: text({ enum: WEBHOOK_PROVIDERS }).notNull(),
    eventId: text().notNull(),
    type: text().notNull(),
    /** The id of what it is about, ours or the provider's, as it names it; NULL on rows older than this column. */
    about: text(),
    /** As it came; masked where people see it. NULL once it was processed for longer than WEBHOOK_BODY_RETENTION. */
    body: text(),
    receivedAt: at().notNull().defaultNow(),
    processedAt: at(),
    outcome: text({ enum: WEBHOOK_OUTCOMES }).notNull().default('received'),
    error: text(),
    /** When the sweep last dispatched it again. */
    reconcileCheckedAt: at(),
  },
  (t) => [
    uniqueIndex('webhook_events_event_key').on(t.provider, t.eventId),
    index('webhook_events_by_about').on(t.about),
    index('webhook_events_unprocessed')
      .on(t.receivedAt)
      .where(sql`${t.processedAt} IS NULL`),
    index('webhook_events_newest').on(t.receivedAt, t.id),
    index('webhook_events_by_outcome')
      .on(t.outcome, t.receivedAt, t.id)
      .where(sql`${t.outcome} <> 'signalled'`),
    index('webhook_events_undone_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.receivedAt)
      .where(sql`${t.processedAt} IS NULL OR ${t.outcome} = 'unmatched'`),
    // What the retention has still to delete, the oldest first.
    index('webhook_events_with_body_by_time')
      .on(t.processedAt)
      .where(sql`${t.body} IS NOT NULL AND ${t.processedAt} IS NOT NULL`),
    oneOf('webhook_events_provider_known', t.provider, WEBHOOK_PROVIDERS),
    oneOf('webhook_events_outcome_known', t.outcome, WEBHOOK_OUTCOMES),
  ],
);

/** Answers to repeatable calls, kept beyond the engine's retention. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Caller, route and subject, so that one client's key cannot meet another's. */
    scope: text().notNull(),
    key: text().notNull(),
    bodyHash: text().notNull(),
    /** What the same answer is made of again. */
    answer: jsonb().$type<RefundAnswer | OpenedPayout | KeptAnswer | { readonly orderId: string }>(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] })],
);

/**
 * What somebody asked of the API, from before the engine is told until the row that they asked for is opened or refused.
 * The engine is told its id alone: what starts a workflow decides nothing (ADR 18), and no history tells what a buyer typed.
 */
export const asks = pgTable(
  'asks',
  {
    /** Of the order, refund or payout that is not a row yet. */
    id: id(),
    ask: jsonb().$type<Ask>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('asks_by_time').on(t.createdAt)],
);

/** Append-only: a trigger of the first migration refuses UPDATE and DELETE. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** A user's id, or `system`. */
    actor: text().notNull(),
    action: text().notNull(),
    /** The workflow id of what was acted on: `transfer/…`. */
    subject: text().notNull(),
    before: jsonb(),
    after: jsonb(),
    reason: text(),
    ip: inet(),
    userAgent: text(),
    /** The API key that the actor came with; NULL: with a token of their own. */
    apiKeyId: uuid(),
    at: at().notNull().defaultNow(),
  },
  (t) => [
    index('audit_log_by_subject').on(t.subject, t.at),
    index('audit_log_by_actor').on(t.actor, t.id),
    // By what it begins with, in whatever language the database sorts.
    index('audit_log_by_action').on(t.action.op('text_pattern_ops'), t.id),
  ],
);

/** What a person should look at: raised once a subject and kind, cleared by whoever dealt with it. */
export const opsFlags = pgTable(
  'ops_flags',
  {
    id: id(),
    kind: text().notNull(),
    /** The workflow id of what it is about, or a webhook event's id. */
    subject: text().notNull(),
    detail: text().notNull(),
    raisedAt: at().notNull().defaultNow(),
    clearedAt: at(),
  },
  (t) => [
    uniqueIndex('ops_flags_one_open')
      .on(t.kind, t.subject)
      .where(sql`${t.clearedAt} IS NULL`),
    index('ops_flags_by_subject').on(t.subject),
    index('ops_flags_open')
      .on(t.raisedAt)
      .where(sql`${t.clearedAt} IS NULL`),
  ],
);

/**
 * One row a shared rate limit (a GCRA virtual clock): the next moment at which a call is free. Kept here because it
 * must hold over all worker processes.
 */
export const rateLimits = pgTable('rate_limits', {
  name: text().primaryKey(),
  nextFreeAt: at().notNull(),
});

export const platformSettings = pgTable('platform_settings', {
  key: text().primaryKey(),
  valueBool: boolean(),
  valueText: text(),
  updatedAt: at().notNull().defaultNow(),
});
