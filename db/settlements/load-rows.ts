import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { RowRead, SettlementFileRow } from '../../domain/settlements/settlement-file.ts';
import type { Db } from '../client.ts';
import { settlementFiles, settlementExceptions } from './schema.ts';

/** A row of the file, and the result of reading it. */
export interface NumberedRow {
  /** Its number in the file, from 1, without gaps. */
  readonly rowNumber: number;
  readonly line: number;
  readonly read: RowRead;
}

/**
 * Types beyond this number are counted as one: a wrong type column must not make the settlement file's row grow without
 * end.
 */
const IGNORED_TYPES_MAX = 100;
const OTHER_TYPES = 'other types';

/**
 * Stores the next rows of a file, all or none: rows to match, unreadable ones as exceptions, and counts of the rest.
 * Rows that are stored already are left out, so that a loader may begin again, and two may load one file. `rows`
 * follow one another without gaps. Returns how many rows are stored now.
 */
export async function loadSettlementRows(
  db: Db,
  statementId: string,
  rows: readonly NumberedRow[],
): Promise<number> {
  return db.transaction(async (tx) => {
    const isOurs = eq(settlementFiles.id, statementId);
    const [settlementFile] = await tx.select().from(settlementFiles).where(isOurs).for('update');
    if (settlementFile === undefined) throw new Error(`there is no settlement file ${statementId}`);
    const news = rows.filter(({ rowNumber }) => rowNumber > settlementFile.rowsRead);
    const last = news.at(-1);
    if (last === undefined || settlementFile.loadedAt !== null) return settlementFile.rowsRead;
    if (news[0]?.rowNumber !== settlementFile.rowsRead + 1) {
      throw new Error(`row ${settlementFile.rowsRead + 1} of settlement file ${statementId} was left out`);
    }
    const { staged, bad, ignored, times } = sorted(news, settlementFile.ignored);
    // One parameter for all rows: five thousand rows of ten columns would be more than a statement may have.
    if (staged.length > 0) await tx.execute(stage(statementId, JSON.stringify(staged)));
    if (bad.length > 0) await tx.insert(settlementExceptions).values(bad.map(exceptionOf(statementId)));
    await tx
      .update(settlementFiles)
      .set({
        rowsRead: last.rowNumber,
        ignored,
        periodFrom: sql`least(period_from, ${times.first}::timestamptz)`,
        periodTo: sql`greatest(period_to, ${times.last}::timestamptz)`,
      })
      .where(isOurs);
    return last.rowNumber;
  });
}

const stage = (statementId: string, rows: string) => sql`
  INSERT INTO statement_rows (statement_id, row_number, line, kind, ref, alt_ref, our_ref, amount_minor, currency, at)
  SELECT ${statementId}::uuid, "rowNumber", line, kind, ref, "altRef", "ourRef", "amountMinor", currency, at
  FROM jsonb_to_recordset(${rows}::jsonb) AS read ("rowNumber" int, line int, kind text, ref text, "altRef" text,
    "ourRef" text, "amountMinor" bigint, currency text, at timestamptz)`;

interface Staged extends SettlementFileRow {
  readonly rowNumber: number;
  readonly line: number;
}

function sorted(rows: readonly NumberedRow[], ignoredBefore: Readonly<Record<string, number>>) {
  const staged: Staged[] = [];
  const bad: NumberedRow[] = [];
  const ignored = new Map(Object.entries(ignoredBefore));
  let first: Date | undefined;
  let last: Date | undefined;
  for (const one of rows) {
    const { read, rowNumber, line } = one;
    if ('bad' in read) bad.push(one);
    else if ('ignored' in read) {
      const isKnown = ignored.has(read.ignored) || ignored.size < IGNORED_TYPES_MAX;
      const type = isKnown ? read.ignored : OTHER_TYPES;
      ignored.set(type, (ignored.get(type) ?? 0) + 1);
    } else {
      staged.push({ ...read.row, rowNumber, line });
      if (first === undefined || read.row.at < first) first = read.row.at;
      if (last === undefined || read.row.at > last) last = read.row.at;
    }
  }
  return {
    staged,
    bad,
    ignored: Object.fromEntries(ignored),
    times: { first: first?.toISOString() ?? null, last: last?.toISOString() ?? null },
  };
}

function exceptionOf(statementId: string) {
  return ({ line, read }: NumberedRow) => {
    if (!('bad' in read)) throw new Error('only what cannot be read is an exception here');
    const { column, expected, found } = read.bad;
    const detail = `expected ${expected}, found ${found === null ? 'nothing' : JSON.stringify(found)}`;
    return { id: uuidv7(), statementId, kind: 'bad_row' as const, line, column, detail };
  };
}
