import { sql } from 'drizzle-orm';
import type { WorkPart } from '../kernel/index.ts';

/** What the steps of an erasing could not do, with the step before it. */
const NOTES = sql`(
  SELECT string_agg(step.key || ': ' || (step.value ->> 'note'), ', ' ORDER BY step.value ->> 'begunAt')
  FROM jsonb_each(steps) AS step WHERE step.value ->> 'note' IS NOT NULL)`;

export const PRIVACY_WORK = {
  export: {
    rows: sql`
    SELECT 'export', 'export/' || id, id, NULL, NULL, status, requested_at, NULL, NULL, NULL,
      error_code, NULL, next_attempt_at, greatest(attempt - 1, 0)
    FROM data_exports WHERE status IN ('queued', 'building')`,
  },
  // Within its thirty days it waits for nobody.
  deletion: {
    rows: sql`
    SELECT 'deletion', 'deletion/' || user_id, id, NULL, NULL, status, coalesce(erasing_at, waiting_since, final_at), NULL, NULL, NULL,
      ${NOTES}, nullif(array_to_string(waits_for, ', '), ''), NULL, NULL
    FROM account_deletions WHERE status IN ('scheduled', 'waiting', 'erasing') AND final_at < now()`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
