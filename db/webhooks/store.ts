import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { sqlOnce } from '../kernel/index.ts';
import type { webhookEvents, WebhookOutcome } from './schema.ts';

type NewWebhook = Readonly<
  Record<'id' | 'eventId' | 'type' | 'body' | 'masked', string> &
    Pick<typeof webhookEvents.$inferSelect, 'provider' | 'about'>
>;

type PersonsAt = (about: SQL) => SQL;

/** A webhook that is kept, now or since an earlier delivery. */
interface KeptWebhook {
  readonly id: string;
  readonly outcome: WebhookOutcome;
  /** Whether it was handed on, or found to change nothing; a repeat of such a one is over as well. */
  readonly isOver: boolean;
}

const value = (name: keyof NewWebhook) => sql.placeholder(name);

const SHOWN = sql`id, outcome, processed_at IS NOT NULL AND outcome <> 'unmatched' AS "isOver"`;

const readKept = sql`SELECT ${SHOWN} FROM webhook_events
  WHERE provider = ${value('provider')}::text AND event_id = ${value('eventId')}::text`;

/** Where nobody was ever erased, that is all that is asked. */
const SOMEBODY_IS_ERASED = sql`EXISTS (SELECT FROM users WHERE status IN ('erasing', 'erased'))`;

const keeping = (personsAt: PersonsAt) => sql`
  WITH kept AS (INSERT INTO webhook_events (id, provider, event_id, type, about, body, body_masked_at)
  SELECT ${value('id')}::uuid, ${value('provider')}::text, ${value('eventId')}::text, ${value('type')}::text,
    ${value('about')}::text, CASE WHEN of_erased THEN ${value('masked')}::text ELSE ${value('body')}::text END,
    CASE WHEN of_erased THEN clock_timestamp() END
  FROM (SELECT CASE WHEN ${SOMEBODY_IS_ERASED} THEN EXISTS (
    SELECT FROM users WHERE status IN ('erasing', 'erased') AND id IN (${personsAt(sql`${value('about')}::text`)}))
    ELSE false END AS of_erased) AS persons
  ON CONFLICT DO NOTHING RETURNING ${SHOWN})
  SELECT * FROM kept UNION ALL (${readKept} AND NOT EXISTS (SELECT FROM kept))`;

const read = sqlOnce<KeptWebhook>(() => readKept);

/**
 * Keeps a webhook, unless it is kept already, in one statement. Once it resolves, the row is on disk. What is about somebody who
 * is being erased or is erased is kept as `masked`: their erasure may have passed the table already. `personsAt` selects the
 * persons whom something of a provider's is about.
 */
export function webhookStore(personsAt: PersonsAt) {
  const keep = sqlOnce<KeptWebhook>(() => keeping(personsAt));
  return async (db: Db, webhook: NewWebhook): Promise<KeptWebhook> => {
    const [kept] = await keep(db, webhook);
    if (kept !== undefined) return kept;
    // Another delivery was kept while this statement waited for it, and the statement cannot see that row.
    const { provider, eventId } = webhook;
    const [other] = await read(db, { provider, eventId });
    if (other === undefined) throw new Error(`the webhook ${eventId} was neither stored nor found`);
    return other;
  };
}
