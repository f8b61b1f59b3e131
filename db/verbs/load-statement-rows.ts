import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type postgres from 'postgres';
import { v7 as uuidv7 } from 'uuid';
import type { RowRead, StatementRow } from '../../domain/provider-statement.ts';

/** A row of the file, and what it was read as. */
export interface NumberedRow {
  /** Its place in the file, from 1, without a gap. */
  readonly rowNumber: number;
  readonly line: number;
  readonly read: RowRead;
}

/** Types beyond this many are counted as one: a file whose type column holds something else must not grow a row. */
const IGNORED_TYPES_MAX = 100;
const OTHER_TYPES = 'other types';

/**
 * Stores the next rows of a file, all or none: those to be matched by COPY, the unreadable as exceptions, and counts of
 * the rest. Rows that are stored already are left out, so that a loader may begin again, and two may load one file.
 * `rows` follow one another without a gap. How many rows are stored now.
 */
export async function loadStatementRows(
  sql: postgres.Sql,
  statementId: string,
  rows: readonly NumberedRow[],
): Promise<number> {
  return sql.begin(async (tx) => {
    const [statement] = await tx<
      { rows_read: number; ignored: Record<string, number>; loaded_at: Date | null }[]
    >`SELECT rows_read, ignored, loaded_at FROM provider_statements WHERE id = ${statementId} FOR UPDATE`;
    if (statement === undefined) throw new Error(`there is no statement ${statementId}`);
    const news = rows.filter(({ rowNumber }) => rowNumber > statement.rows_read);
    const last = news.at(-1);
    if (last === undefined || statement.loaded_at !== null) return statement.rows_read;
    if (news[0]?.rowNumber !== statement.rows_read + 1) {
      throw new Error(`row ${statement.rows_read + 1} of statement ${statementId} was left out`);
    }
    const { staged, bad, ignored, times } = sorted(news, statement.ignored);
    if (staged.length > 0) {
      const copy = await tx`
        COPY statement_rows (statement_id, row_number, line, kind, ref, alt_ref, our_ref, amount_minor, currency, at)
        FROM STDIN`.writable();
      await pipeline(Readable.from([staged.map((one) => copyLine(statementId, one)).join('')]), copy);
    }
    if (bad.length > 0) await tx`INSERT INTO statement_exceptions ${tx(bad.map(exceptionOf(statementId)))}`;
    await tx`
      UPDATE provider_statements SET rows_read = ${last.rowNumber}, ignored = ${JSON.stringify(ignored)}::jsonb,
        period_from = least(period_from, ${times.first}::timestamptz), period_to = greatest(period_to, ${times.last}::timestamptz)
      WHERE id = ${statementId}`;
    return last.rowNumber;
  }) as Promise<number>;
}

interface Staged extends StatementRow {
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
    return { id: uuidv7(), statement_id: statementId, kind: 'bad_row', line, column, detail };
  };
}

/** COPY's text format: tabs between, and what means something in it escaped. */
function copyLine(statementId: string, row: Staged): string {
  const fields = [
    statementId,
    String(row.rowNumber),
    String(row.line),
    row.kind,
    row.ref,
    row.altRef,
    row.ourRef,
    String(row.amountMinor),
    row.currency,
    row.at.toISOString(),
  ];
  return `${fields.map((field) => (field === null ? '\\N' : field.replace(/[\\\t\n\r]/g, escaped))).join('\t')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const escaped = (character: string) => ESCAPES[character] ?? character;
