import { eq, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { withOurs } from './ours.ts';
import { settlementFiles } from './schema.ts';

/**
 * Matches the next rows of a settlement file: deletes them, keeps claims on the rows of ours that they name, writes down
 * exceptions and counts the rest. One transaction, so that no row is matched twice, however often this is repeated.
 * Returns the number of the last matched row.
 */
export async function matchSettlementRows(db: Db, statementId: string, batchRows: number): Promise<number> {
  return db.transaction(async (tx) => {
    const [settlementFile] = await tx
      .select()
      .from(settlementFiles)
      .where(eq(settlementFiles.id, statementId))
      .for('update');
    if (settlementFile === undefined) throw new Error(`there is no settlement file ${statementId}`);
    if (settlementFile.loadedAt === null) throw new Error(`settlement file ${statementId} is not loaded yet`);
    const { matchedThrough, rowsRead } = settlementFile;
    const through = Math.min(matchedThrough + batchRows, rowsRead);
    if (through === matchedThrough) return through;
    const counts = await tx.execute<{ row_kind: string; result: string; count: number }>(
      matchQuery(statementId, matchedThrough, through),
    );
    const matched = { ...settlementFile.matched };
    const ignored = { ...settlementFile.ignored };
    for (const { row_kind: kind, result, count } of counts) {
      if (result === 'matched') matched[kind] = (matched[kind] ?? 0) + count;
      if (result === 'ignored') ignored[kind] = (ignored[kind] ?? 0) + count;
    }
    await tx
      .update(settlementFiles)
      .set({ matchedThrough: through, matched, ignored })
      .where(eq(settlementFiles.id, statementId));
    return through;
  });
}

/**
 * Each row's object is found through an index; of several ways to find it the surest comes first. A payout that is
 * not a seller's is the platform's own, which our books do not have. Claims are looked up in a hash: PostgreSQL has
 * no statistics of new rows yet, and would join each row of a batch with each claim.
 */
export function matchQuery(statementId: string, after: number, through: number): SQL {
  return sql`
    WITH batch AS (
      DELETE FROM statement_rows
      WHERE statement_id = ${statementId} AND row_number > ${after} AND row_number <= ${through} RETURNING *
    ), named AS (
      ${withOurs(sql`batch`)}
    ), claimed AS (
      INSERT INTO statement_claims (statement_id, kind, subject_id, row_number)
      SELECT DISTINCT ON (kind, subject_id) statement_id, kind, subject_id, row_number FROM named
      WHERE subject_id IS NOT NULL ORDER BY kind, subject_id, row_number
      ON CONFLICT DO NOTHING RETURNING row_number
    ), judged AS (
      SELECT named.*, CASE
        WHEN subject_id IS NULL AND kind IN ('payout', 'payout_return') THEN 'ignored'
        WHEN subject_id IS NULL THEN 'missing_here'
        WHEN row_number NOT IN (SELECT row_number FROM claimed) THEN 'claimed_twice'
        WHEN amount_minor = ours_minor AND currency = ours_currency THEN 'matched'
        ELSE 'amount_differs' END AS result
      FROM named
    ), written AS (
      INSERT INTO statement_exceptions (id, statement_id, kind, row_kind, subject, line, ref, theirs_minor, theirs_currency,
        ours_minor, ours_currency, moved_at, detail)
      SELECT gen_random_uuid(), statement_id, result, kind, ours_subject, line, ref, amount_minor, currency,
        ours_minor, ours_currency, at, ${detail}
      FROM judged WHERE result NOT IN ('matched', 'ignored') ORDER BY row_number
    )
    SELECT kind AS row_kind, result, count(*)::int AS count FROM judged GROUP BY kind, result`;
}

const detail = sql`CASE
  WHEN result = 'missing_here' THEN 'nothing here is known by this id'
  WHEN result = 'claimed_twice' THEN 'an earlier row of the file names the same'
  WHEN ours_minor IS NULL THEN 'here it is ' || ours_state || ', and nothing moved'
  WHEN currency <> ours_currency THEN 'another currency'
  WHEN amount_minor = -ours_minor THEN 'the money went the other way'
  ELSE 'another amount' END`;
