import { sql } from 'drizzle-orm';
import { joined } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { MARKETPLACE_FIGURES } from '../marketplace/index.ts';
import { SUBSCRIPTIONS_FIGURES } from '../subscriptions/index.ts';
import { WEBHOOKS_FIGURES } from '../webhooks/index.ts';

/** The register of what ends well or not: a line a subject. */
const OUTCOMES = joined(
  'outcomes',
  MARKETPLACE_FIGURES.outcomes,
  SUBSCRIPTIONS_FIGURES.outcomes,
  WEBHOOKS_FIGURES.outcomes,
);
export type OutcomeKind = keyof typeof OUTCOMES;
const OUTCOME_KINDS = Object.keys(OUTCOMES) as OutcomeKind[];

/** How the work that began in a period has ended so far. */
export interface Outcomes {
  readonly kind: OutcomeKind;
  readonly succeeded: number;
  /** Failed for good. */
  readonly failed: number;
  readonly open: number;
}

/** How far back `countOutcomes` looks. */
export const OUTCOMES_MAX_HOURS = 7 * 24;

/** Work that began within these hours. A retry by a person counts in the place of what it retries. */
export async function countOutcomes(db: Db, hours: number): Promise<Outcomes[]> {
  const since = sql`now() - ${Math.min(hours, OUTCOMES_MAX_HOURS)} * interval '1 hour'`;
  const begun = sql.join(
    OUTCOME_KINDS.map((kind) => OUTCOMES[kind](since)),
    sql` UNION ALL `,
  );
  const rows = await db.execute<{ kind: OutcomeKind; succeeded: number; failed: number; open: number }>(sql`
    SELECT kind,
      count(*) FILTER (WHERE ended)::int AS succeeded,
      count(*) FILTER (WHERE NOT ended)::int AS failed,
      count(*) FILTER (WHERE ended IS NULL)::int AS open
    FROM (
      SELECT NULL::text AS kind, NULL::boolean AS ended WHERE false
      UNION ALL ${begun}
    ) AS begun GROUP BY kind`);
  const found = new Map(rows.map((row) => [row.kind, row]));
  return OUTCOME_KINDS.map((kind) => found.get(kind) ?? { kind, succeeded: 0, failed: 0, open: 0 });
}
