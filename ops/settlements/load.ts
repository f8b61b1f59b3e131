import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Db } from '../../db/client.ts';
import {
  closeSettlementFile,
  discardSettlementFile,
  loadSettlementRows,
  type NumberedRow,
  openSettlementFile,
  type SettlementFile,
} from '../../db/settlements/index.ts';
import type { SettlementProvider } from '../../domain/settlements/index.ts';
import { CannotRun } from '../usage.ts';
import { HYPERSWITCH_LAYOUTS } from './hyperswitch-layouts.ts';
import { type Layout, missingColumns, requiredColumns } from './layout.ts';
import { readMapping } from './mapping.ts';
import { hashFile, readHeader, readRows } from './read-file.ts';
import { createRowReader } from './row-reader.ts';
import { STRIPE_LAYOUTS } from './stripe-layouts.ts';

const LAYOUTS: readonly Layout[] = [...STRIPE_LAYOUTS, ...HYPERSWITCH_LAYOUTS];

/** Rows of one transaction: that many are lost when the loader is killed, and held in memory. */
const CHUNK_ROWS = 5_000;
const COLUMNS_SHOWN = 40;

export interface LoadAsk {
  readonly file: string;
  /** Undefined: the provider whose layout fits the header. */
  readonly provider: SettlementProvider | undefined;
  /** The mapping file of a file in no known layout. */
  readonly mapping: string | undefined;
}

/**
 * Loads a file into the database, from where an earlier attempt stopped; a loaded file is not read again. `onBytes`
 * is told how far it is. Throws CannotRun where the file cannot be read or is of no known layout.
 */
export async function loadSettlementFile(
  db: Db,
  { file, provider, mapping }: LoadAsk,
  onBytes: (bytes: number, ofBytes: number) => void,
): Promise<SettlementFile> {
  const before = await lookAt(file);
  if (before.size === 0) throw new CannotRun(`${file} is empty`);
  const known = mapping === undefined ? LAYOUTS : [await readMapping(mapping)];
  const wanted = known.filter((one) => provider === undefined || one.provider === provider);
  if (wanted.length === 0) throw new CannotRun(`the mapping file is not for --provider ${provider}`);
  const header = await readHeader(file, wanted[0]?.delimiter ?? ',');
  const layout = layoutOf(file, header, wanted);
  const fileHash = await hashFile(file);
  const settlementFile = await openSettlementFile(db, {
    provider: layout.provider,
    layout: layout.name,
    fileHash,
    fileName: basename(file),
    covers: layout.covers,
  });
  if (settlementFile.loadedAt !== null) return settlementFile;

  const { id } = settlementFile;
  const read = createRowReader(layout, header);
  let stored = settlementFile.rowsRead;
  let rows = 0;
  let chunk: NumberedRow[] = [];
  for await (const row of readRows(file, { header, delimiter: layout.delimiter, read }, (bytes) =>
    onBytes(bytes, before.size),
  )) {
    rows = row.rowNumber;
    if (rows <= stored) continue;
    chunk.push(row);
    if (chunk.length < CHUNK_ROWS) continue;
    stored = await loadSettlementRows(db, id, chunk);
    chunk = [];
  }
  await loadSettlementRows(db, id, chunk);
  const after = await lookAt(file);
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    // Rows stored under the old file's hash may come from the new file.
    await discardSettlementFile(db, id);
    throw new CannotRun(`${file} was changed while it was read`);
  }
  onBytes(before.size, before.size);
  return closeSettlementFile(db, id, rows);
}

async function lookAt(file: string) {
  const found = await stat(file).catch(() => null);
  if (found === null) throw new CannotRun(`there is no file ${file}`);
  if (!found.isFile()) throw new CannotRun(`${file} is not a file`);
  return found;
}

/** The layout that fits the header. Throws CannotRun with the found columns and the known layouts. */
function layoutOf(file: string, header: readonly string[], layouts: readonly Layout[]): Layout {
  const found = layouts.find((layout) => missingColumns(layout, header).length === 0);
  if (found !== undefined) return found;
  const lacking = layouts
    .map((layout) => ({ layout, missing: missingColumns(layout, header) }))
    .toSorted((a, b) => a.missing.length - b.missing.length)[0];
  const isNear = lacking !== undefined && lacking.missing.length < requiredColumns(lacking.layout).length / 2;
  const columns = header.slice(0, COLUMNS_SHOWN).map(plain);
  throw new CannotRun(
    [
      `${file} is in no layout that is known here`,
      `  its columns: ${columns.join(', ') || 'none'}${header.length > COLUMNS_SHOWN ? ', …' : ''}`,
      ...(isNear
        ? [`  nearest: ${lacking.layout.name}, but there is no column ${lacking.missing.join(', no ')}`]
        : []),
      ...layouts.map((layout) => `  ${layout.name} has: ${requiredColumns(layout).join(', ')}`),
      '  any other: --mapping FILE, see docs/settlement-files.md',
    ].join('\n'),
  );
}

/** A file that is given to a command need not be text. */
const plain = (text: string) => text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '\uFFFD').slice(0, 60);
