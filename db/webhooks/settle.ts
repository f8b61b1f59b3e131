import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { asynchronousCommit, sqlOnce } from '../kernel/index.ts';
import type { WebhookOutcome } from './schema.ts';

/** Of two deliveries at once one may be handed on, and the other fail or find nothing: that must not hide the first. */
const UNSETTLED = sql`id = ${sql.placeholder('id')}::uuid AND (processed_at IS NULL OR outcome = 'unmatched')`;

const settle = sqlOnce<object>(
  () => sql`
    UPDATE webhook_events SET outcome = ${sql.placeholder('outcome')}::text, error = ${sql.placeholder('note')}::text,
      processed_at = ${sql.placeholder('at')}::timestamptz
    WHERE ${UNSETTLED}
    RETURNING ${asynchronousCommit}`,
);

/** Writes what became of a webhook onto its row. If a crash forgets it, a sweep hands the webhook on again. */
export async function settleWebhook(
  db: Db,
  id: string,
  { outcome, note }: { readonly outcome: WebhookOutcome; readonly note: string | null },
): Promise<void> {
  await settle(db, { id, outcome, note, at: new Date().toISOString() });
}

const fail = sqlOnce<object>(
  () => sql`UPDATE webhook_events SET error = ${sql.placeholder('said')}::text WHERE ${UNSETTLED}`,
);

/** Writes why a webhook could not be handed on; it stays to be handed on. */
export async function failWebhook(db: Db, id: string, said: string): Promise<void> {
  await fail(db, { id, said });
}
