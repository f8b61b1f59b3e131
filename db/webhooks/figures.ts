import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart } from '../kernel/index.ts';

export const WEBHOOKS_FIGURES = {
  openSince: {
    webhook: sql`
    SELECT 'webhook', received_at FROM webhook_events WHERE processed_at IS NULL OR outcome = 'unmatched'`,
  },
  outcomes: {
    webhook: (since) => sql`
    SELECT 'webhook', CASE WHEN outcome = 'received' THEN NULL ELSE outcome IN ('signalled', 'ignored', 'other_mode') END
    FROM webhook_events WHERE received_at > ${since}`,
  },
} as const satisfies FigurePart;

/** What was not handed on: the age of the oldest, in seconds. */
export const UNHANDED_WEBHOOKS = sql`
  SELECT 'unprocessed' AS state, ${countedRows}, ${ageS(sql`received_at`)} AS age FROM webhook_events WHERE processed_at IS NULL
  UNION ALL
  SELECT 'unmatched', ${countedRows}, ${ageS(sql`received_at`)} FROM webhook_events WHERE outcome = 'unmatched'`;
