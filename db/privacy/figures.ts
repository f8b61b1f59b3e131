import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart } from '../kernel/index.ts';

export const PRIVACY_FIGURES = {
  openSince: {
    export: sql`SELECT 'export', requested_at FROM data_exports WHERE status IN ('queued', 'building')`,
    // What waits for money says so; the others should be erased by now.
    deletion: sql`
    SELECT 'deletion', final_at FROM account_deletions
    WHERE status IN ('scheduled', 'waiting', 'erasing') AND waits_for = '{}'`,
  },
} as const satisfies FigurePart;

/** Open exports and deletions by state and age. */
export interface PeopleFigure {
  readonly kind: 'export' | 'deletion';
  readonly state: string;
  readonly age: string;
  readonly rows: number;
  /** Of the oldest, in seconds. */
  readonly oldestAgeS: number;
}

const ageOf = (since: ReturnType<typeof sql>) => sql`
  CASE WHEN ${since} > now() - interval '1 hour' THEN 'under_1h'
    WHEN ${since} > now() - interval '6 hours' THEN '1h_to_6h'
    WHEN ${since} > now() - interval '1 day' THEN '6h_to_1d'
    WHEN ${since} > now() - interval '7 days' THEN '1d_to_7d' ELSE 'over_7d' END AS age`;

/** Since when a deletion is in its state. */
const DELETION_SINCE = sql`CASE status WHEN 'erasing' THEN erasing_at WHEN 'waiting' THEN coalesce(waiting_since, final_at) ELSE requested_at END`;

export const OPEN_PEOPLE = sql`
  SELECT 'export' AS kind, status AS state, ${ageOf(sql`requested_at`)}, ${countedRows}, ${ageS(sql`requested_at`)} AS "oldestAgeS"
  FROM data_exports WHERE status IN ('queued', 'building') GROUP BY 1, 2, 3
  UNION ALL
  SELECT 'deletion' AS kind, status AS state, ${ageOf(DELETION_SINCE)}, ${countedRows}, ${ageS(DELETION_SINCE)} AS "oldestAgeS"
  FROM account_deletions WHERE status IN ('scheduled', 'waiting', 'erasing') GROUP BY 1, 2, 3`;
