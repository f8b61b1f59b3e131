import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { ringIdsOf } from '../../key-ring.ts';
import { countedRows } from '../../kernel/index.ts';

/** Sealed values that do not open, since a key is missing. */
export interface UnreadableFigure extends Record<string, unknown> {
  /** The id of a key that is not in the ring, or `person`: rows of person_keys are missing. */
  readonly key: string;
  readonly rows: number;
}

/** As the index has it: the key of the ring that a person's key is wrapped by. */
const WRAPPED_BY = sql`split_part(wrapped_key, ':', 3)`;
const SEALED_BY = sql`split_part(recipient, ':', 3)`;

/** The keys of the ring that wrap persons' keys. It steps from one to the next. */
export const WRAPPING_KEYS = sql`
  WITH RECURSIVE used AS (
    (SELECT ${WRAPPED_BY} AS key FROM person_keys ORDER BY ${WRAPPED_BY} LIMIT 1)
    UNION ALL
    SELECT (SELECT ${WRAPPED_BY} FROM person_keys WHERE ${WRAPPED_BY} > used.key ORDER BY ${WRAPPED_BY} LIMIT 1)
    FROM used WHERE used.key IS NOT NULL)
  SELECT key FROM used WHERE key IS NOT NULL`;

/** Mails to strangers under a key that is not in the ring, and mails that wait for a person whose own key is missing. */
export const unreadableMails = (ringIds: readonly string[]): SQL => sql`
  SELECT ${SEALED_BY} AS key, ${countedRows} FROM mails
  WHERE status = 'queued' AND user_id IS NULL AND recipient LIKE 'enc:1:%'
    AND ${SEALED_BY} <> ALL (${sql.param(ringIds)}::text[])
  GROUP BY ${SEALED_BY}
  UNION ALL
  SELECT 'person' AS key, ${countedRows} FROM mails JOIN users ON users.id = mails.user_id
  WHERE mails.status = 'queued' AND users.status NOT IN ('erasing', 'erased')
    AND (mails.recipient LIKE 'enc:1:%' OR jsonb_typeof(mails.params) = 'string')
    AND NOT EXISTS (SELECT FROM person_keys WHERE person_keys.user_id = mails.user_id)
  HAVING count(*) > 0`;

/** Persons' keys are counted only where a key is missing: then they may be nearly all. */
export async function readUnreadable(db: Db): Promise<readonly UnreadableFigure[]> {
  const ringIds = ringIdsOf(db);
  const used = await db.execute<{ key: string }>(WRAPPING_KEYS);
  const missing = used.map(({ key }) => key).filter((key) => !ringIds.includes(key));
  const mails = await db.execute<UnreadableFigure>(unreadableMails(ringIds));
  if (missing.length === 0) return mails;
  const persons = await db.execute<UnreadableFigure>(sql`
    SELECT ${WRAPPED_BY} AS key, ${countedRows} FROM person_keys
    WHERE ${WRAPPED_BY} = ANY (${sql.param(missing)}::text[]) GROUP BY ${WRAPPED_BY}`);
  return [...persons, ...mails];
}
