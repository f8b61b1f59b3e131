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
import type { Ask } from '../../domain/kernel/messages.ts';
import { FLAG_KINDS } from '../../domain/flags.ts';
import { at, createdAt, id, oneOf } from './columns.ts';

/** Answers to repeatable calls, kept longer than the engine's retention. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Caller, route and subject, so that one client's key cannot meet another's. */
    scope: text().notNull(),
    key: text().notNull(),
    bodyHash: text().notNull(),
    /** What a repeat's answer is made of. */
    answer: jsonb().$type<object>(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.scope, t.key] }),
    // By the caller: an erasure finds theirs.
    index('idempotency_keys_by_caller').on(sql`split_part(${t.scope}, ':', 1)`),
  ],
);

/**
 * What somebody asked of the API, kept from before the engine is notified until the row is opened or refused. The
 * engine gets only its id: what starts a workflow decides nothing (ADR 18), and no history holds what a buyer typed. What is
 * asked of a subscription keeps its answer here too, until it is swept with its age.
 */
export const asks = pgTable(
  'asks',
  {
    /** The id of the order, refund or payout that is not a row yet. */
    id: id(),
    ask: jsonb().$type<Ask>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('asks_by_time').on(t.createdAt),
    // By who asks, as each kind of ask names them: an erasure finds theirs.
    index('asks_by_person').on(
      sql`coalesce(${t.ask} ->> 'userId', ${t.ask} ->> 'buyerId', ${t.ask} ->> 'sellerId', ${t.ask} #>> '{caller,userId}')`,
    ),
  ],
);

/**
 * Append-only: triggers refuse DELETE, TRUNCATE and every UPDATE but one, which sets both `ip` and `userAgent` to NULL and
 * changes nothing else.
 */
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
    /** The API key that the actor used; NULL: a token of their own. */
    apiKeyId: uuid(),
    at: at().notNull().defaultNow(),
  },
  (t) => [
    index('audit_log_by_subject').on(t.subject, t.at),
    index('audit_log_by_actor').on(t.actor, t.id),
    // For searches by the beginning of an action, whatever collation the database has.
    index('audit_log_by_action').on(t.action.op('text_pattern_ops'), t.id),
    // What figures count of the last hour.
    index('audit_log_sign_ins')
      .on(t.at)
      .where(sql`${t.action} IN ('user.login', 'user.login_blocked', 'session.reuse')`),
    // Where somebody called from is forgotten when its time is over.
    index('audit_log_to_forget')
      .on(t.at, t.id)
      .where(sql`${t.ip} IS NOT NULL OR ${t.userAgent} IS NOT NULL`),
  ],
);

/** What a person should look at: one open flag for each subject and kind, cleared by the one who dealt with it. */
export const opsFlags = pgTable(
  'ops_flags',
  {
    id: id(),
    kind: text({ enum: FLAG_KINDS }).notNull(),
    /** The workflow id of its subject, or a webhook event's id. */
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
    oneOf('ops_flags_kind_known', t.kind, FLAG_KINDS),
  ],
);

/**
 * One row for each shared rate limit (a GCRA virtual clock): the time at which the next call is free. Kept here
 * because it must hold over all worker processes.
 */
export const rateLimits = pgTable('rate_limits', {
  name: text().primaryKey(),
  nextFreeAt: at().notNull(),
});

/**
 * - `maintenance_mode`: whether the API is closed
 * - `temporal_namespace_id`: the namespace that the open rows' workflows are in
 * - `last_sweep_at`: when a sweep of all phases last ended, ISO 8601
 * - `last_upkeep_at`: when an upkeep of all phases last ended, ISO 8601
 * - `disputes_listed_at`: when a sweep last read the PSP's list of disputes, ISO 8601
 * - `stripe_mode`: the mode of the workers' key, `live` or `test`, by which processes without a key check events
 */
export const PLATFORM_SETTINGS = [
  'maintenance_mode',
  'temporal_namespace_id',
  'last_sweep_at',
  'last_upkeep_at',
  'disputes_listed_at',
  'stripe_mode',
] as const;

export const platformSettings = pgTable(
  'platform_settings',
  {
    key: text({ enum: PLATFORM_SETTINGS }).primaryKey(),
    valueBool: boolean(),
    valueText: text(),
    updatedAt: at().notNull().defaultNow(),
  },
  (t) => [oneOf('platform_settings_key_known', t.key, PLATFORM_SETTINGS)],
);
