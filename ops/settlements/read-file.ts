import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as pipe } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CsvError, type Options, parse } from 'csv-parse';
import type { NumberedRow } from '../../db/settlements/index.ts';
import type { BadRow } from '../../domain/settlements/index.ts';
import { CannotRun } from '../usage.ts';
import type { RowReader } from './row-reader.ts';

/** In a record longer than this a quote was never closed, or the file is not CSV. */
const RECORD_MAX_BYTES = 1_000_000;

/** The parser's code for a file that ends inside a quoted field; anything else that it refuses is not CSV. */
const NOT_CLOSED = 'CSV_QUOTE_NOT_CLOSED';

const COMMON = {
  bom: true,
  columns: false,
  relax_column_count: true,
  // A stray quote spoils only its own field: without this option it would swallow the rows behind it.
  relax_quotes: true,
  skip_empty_lines: true,
  max_record_size: RECORD_MAX_BYTES,
} as const satisfies Options;

interface Met {
  readonly rowNumber: number;
  readonly line: number;
  readonly lastLine: number;
  /** Null: the record can be read. */
  readonly bad: BadRow | null;
}

/** SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The first record of a file; empty where there is none. Throws CannotRun where it is not CSV. */
export async function readHeader(path: string, delimiter: string): Promise<string[]> {
  const parser = parse({ ...COMMON, delimiter, to: 1 });
  pipe(createReadStream(path), parser, () => undefined);
  try {
    for await (const record of parser) return record as string[];
    return [];
  } catch (error) {
    throw notCsv(error);
  }
}

/**
 * The rows of a file behind its header, one after another, in constant memory. Rows are numbered as they stand in the
 * file, also unreadable ones, so that a number always means the same row. `onBytes` is told how far it is.
 */
export async function* readRows(
  path: string,
  {
    header,
    delimiter,
    read,
  }: { readonly header: readonly string[]; readonly delimiter: string; readonly read: RowReader },
  onBytes: (bytes: number) => void,
): AsyncGenerator<NumberedRow> {
  // Bad rows that the parser met and nobody has taken yet, in the order of the file; null: a record that follows.
  const met: Met[] = [];
  let rowNumber = 0;
  let isHeader = true;
  let before = { lines: 0, emptyLines: 0 };
  let miscounted = 0;
  const place = (
    info: { readonly lines: number; readonly empty_lines: number },
    record: readonly string[],
  ) => {
    const line = before.lines + 1 + (info.empty_lines - before.emptyLines);
    const lastLine = info.lines - miscounted;
    // The parser counts a CRLF inside of quotes as two lines.
    if (lastLine > line) for (const field of record) miscounted += field.split('\r\n').length - 1;
    before = { lines: info.lines - miscounted, emptyLines: info.empty_lines };
    return { line, lastLine: before.lines };
  };
  const parser = parse({
    ...COMMON,
    delimiter,
    on_record: (record: string[], info) => {
      const at = place(info, record);
      if (isHeader) {
        isHeader = false;
        return null;
      }
      rowNumber += 1;
      met.push({ rowNumber, ...at, bad: null });
      return record;
    },
    skip_records_with_error: true,
    on_skip: (error) => {
      // An error thrown here ends the whole reading.
      if (error?.code !== NOT_CLOSED) throw error ?? new Error('a record cannot be read');
      rowNumber += 1;
      const index = error['column'];
      const column = typeof index === 'number' ? (header[index]?.trim() ?? null) : null;
      const bad = { column, expected: 'a closing quote', found: null };
      met.push({ rowNumber, line: before.lines + 1, lastLine: Number(error['lines']) - miscounted, bad });
    },
  });
  pipe(createReadStream(path), parser, () => undefined);
  function* takeMet(record: readonly string[] | null): Generator<NumberedRow> {
    for (let one = met.shift(); one !== undefined; one = met.shift()) {
      const { rowNumber: number, line, bad } = one;
      if (bad !== null) yield { rowNumber: number, line, read: { bad: withLines(bad, one) } };
      else if (record === null) throw new Error('a record was announced that never came');
      else {
        const open = one.lastLine > line ? neverClosed(record, header, delimiter) : null;
        const row = open === null ? read(record) : { bad: open };
        yield { rowNumber: number, line, read: 'bad' in row ? { bad: withLines(row.bad, one) } : row };
        return;
      }
    }
  }
  try {
    for await (const record of parser) {
      yield* takeMet(record as string[]);
      onBytes(parser.info.bytes);
    }
  } catch (error) {
    throw notCsv(error);
  }
  yield* takeMet(null);
}

/**
 * An unclosed quote takes in the rows behind it up to the next quote, and may still end with the right number of
 * columns. Such a field begins with its quote, or holds a line that is a row by itself. Null where there is none.
 */
function neverClosed(record: readonly string[], header: readonly string[], delimiter: string): BadRow | null {
  const index = record.findIndex(
    (field) =>
      field.includes('\n') &&
      (field.startsWith('"') ||
        field.split('\n').some((line) => line.split(delimiter).length >= header.length)),
  );
  if (index < 0) return null;
  return { column: header[index]?.trim() ?? null, expected: 'a closing quote', found: null };
}

/** A row over several lines may be several rows that a quote has joined: the message shows which lines. */
const withLines = (bad: BadRow, { line, lastLine }: Met): BadRow =>
  lastLine > line ? { ...bad, found: `${bad.found ?? 'nothing'}, up to line ${lastLine}` } : bad;

function notCsv(error: unknown): unknown {
  const { code, message } = error as Partial<CsvError>;
  if (code === undefined || !/^(CSV_|INVALID_)/.test(code)) return error;
  return new CannotRun(`the file cannot be read as CSV: ${message ?? code}`);
}
