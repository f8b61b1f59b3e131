import { and, inArray, isNotNull, ne, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEvents } from './schema.ts';

const BATCH_ROWS = 500;

/**
 * By the webhook's object, as flags name their subjects: a webhook that a person still has to look at keeps its body.
 */
const IS_FLAGGED = sql`EXISTS (
  SELECT 1 FROM ops_flags AS flag
  WHERE flag.cleared_at IS NULL AND flag.subject IN (
    webhook_events.id::text, 'webhook/' || webhook_events.id, webhook_events.about, 'order/' || webhook_events.about,
    'refund/' || webhook_events.about, 'payout/' || webhook_events.about))`;

/**
 * The oldest bodies whose time is over: of processed webhooks, also unmatched ones, which no sweep tries for so long.
 */
export const bodiesToDelete = (db: Db, retentionMs: number, limit: number) =>
  db
    .select({ id: webhookEvents.id })
    .from(webhookEvents)
    .where(
      and(
        isNotNull(webhookEvents.body),
        isNotNull(webhookEvents.processedAt),
        sql`${webhookEvents.processedAt} < now() - ${retentionMs} * interval '1 millisecond'`,
        ne(webhookEvents.outcome, 'unhandled'),
        // When a reversal fails for good, it is looked for in these (flag-after-all.ts); they hold no buyer's data.
        ne(webhookEvents.type, 'transfer.reversed'),
        sql`NOT ${IS_FLAGGED}`,
      ),
    )
    .orderBy(webhookEvents.processedAt)
    .limit(limit);

/**
 * Deletes the bodies of webhooks that were processed longer ago than the retention, one batch in each transaction,
 * and returns how many. The rows stay, so that a second delivery is still recognised.
 */
export async function deleteWebhookBodies(
  db: Db,
  retentionMs: number,
  { maxBatches = 20 }: { readonly maxBatches?: number } = {},
): Promise<number> {
  let deleted = 0;
  for (let batches = 0; batches < maxBatches; batches += 1) {
    const rows = await bodiesToDelete(db, retentionMs, BATCH_ROWS);
    if (rows.length > 0) {
      await db
        .update(webhookEvents)
        .set({ body: null })
        .where(
          inArray(
            webhookEvents.id,
            rows.map(({ id }) => id),
          ),
        );
    }
    deleted += rows.length;
    if (rows.length < BATCH_ROWS) break;
  }
  return deleted;
}
