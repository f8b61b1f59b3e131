import { eq, type SQL, sql } from 'drizzle-orm';
import type { Claimable, MissingCursor } from '../../domain/settlements/settlement-file.ts';
import type { Db } from '../client.ts';
import { oursThatMoved } from './ours.ts';
import { settlementFiles } from './schema.ts';

/** Money of ours that moved this close to the file's first or last row may be in the file before or after it. */
const EDGE = sql`interval '1 hour'`;

/**
 * The file's claim on a row of ours, by one index look-up. `NOT EXISTS` would be planned as a join, and claims are
 * new: without statistics PostgreSQL would compare each row of ours with every claim.
 */
export const claimOf = (statementId: string, kind: Claimable, id: SQL) => sql`
  SELECT true FROM statement_claims AS claim
  WHERE claim.statement_id = ${statementId}::uuid AND claim.kind IN (${kind}, ${`${kind}_return`}) AND claim.subject_id = ${id} LIMIT 1`;

/**
 * Looks at the next rows of ours of a kind that moved in the time of the file, and writes down those that no row of
 * the file names. Repeatable: an exception is written once. Returns where to go on; null where nothing is left.
 */
export async function missSettlementRows(
  db: Db,
  statementId: string,
  { kind, after, limit }: { kind: Claimable; after: MissingCursor | null; limit: number },
): Promise<MissingCursor | null> {
  const [settlementFile] = await db.select().from(settlementFiles).where(eq(settlementFiles.id, statementId));
  if (settlementFile === undefined) throw new Error(`there is no settlement file ${statementId}`);
  const { provider, periodFrom, periodTo } = settlementFile;
  if (periodFrom === null || periodTo === null) return null;
  const from = sql`${periodFrom.toISOString()}::timestamptz`;
  const to = sql`${periodTo.toISOString()}::timestamptz`;
  const beyond = after
    ? sql`AND (at, id) > (${after.at}::timestamptz, ${after.id}::uuid)`
    : sql`AND at >= ${from}`;
  const [last] = await db.execute<{ at: string; id: string; count: number }>(sql`
    WITH page AS (
      SELECT * FROM (${oursThatMoved(kind, provider)}) AS moved WHERE at <= ${to} ${beyond} ORDER BY at, id LIMIT ${limit}
    ), written AS (
      INSERT INTO statement_exceptions (id, statement_id, kind, row_kind, subject, ref, ours_minor, ours_currency, moved_at, detail)
      SELECT gen_random_uuid(), ${statementId}::uuid, 'missing_there', ${kind}, subject, ref, minor, currency, at,
        CASE WHEN at < ${from} + ${EDGE} OR at > ${to} - ${EDGE}
          THEN 'no row names it; it moved within an hour of where the file begins or ends, and may be in the one beside it'
          ELSE 'no row names it' END
      FROM page WHERE (${claimOf(statementId, kind, sql`page.id`)}) IS NULL
      ORDER BY at, id ON CONFLICT DO NOTHING
    )
    SELECT at::text AS at, id::text AS id, (SELECT count(*)::int FROM page) AS count FROM page
    ORDER BY page.at DESC, page.id DESC LIMIT 1`);
  return last === undefined || last.count < limit ? null : { at: last.at, id: last.id };
}
