import { sql } from 'drizzle-orm';
import { index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { at, id, oneOf } from '../kernel/columns.ts';

export const WEBHOOK_PROVIDERS = ['hyperswitch', 'stripe'] as const;
export type WebhookProvider = (typeof WEBHOOK_PROVIDERS)[number];

/**
 * - `received`: stored, not yet dispatched (the engine may have been away)
 * - `signalled`: the workflow that waits for it was notified
 * - `ignored`: changes nothing
 * - `unmatched`: its object is unknown to us (yet)
 * - `unhandled`: no code here acts on it; a person should look
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
    /** The id of its object, ours or the provider's, as the webhook names it; NULL on rows older than this column. */
    about: text(),
    /** As it came, and masked where people see it; from `bodyMaskedAt` on masked for good. NULL: an older version deleted it. */
    body: text(),
    /** When WEBHOOK_BODY_RETENTION was over, or its person was erased. */
    bodyMaskedAt: at(),
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
    // For the masking of bodies, the oldest first.
    index('webhook_events_to_mask')
      .on(t.processedAt, t.id)
      .where(sql`${t.processedAt} IS NOT NULL AND ${t.body} IS NOT NULL AND ${t.bodyMaskedAt} IS NULL`),
    oneOf('webhook_events_provider_known', t.provider, WEBHOOK_PROVIDERS),
    oneOf('webhook_events_outcome_known', t.outcome, WEBHOOK_OUTCOMES),
  ],
);
