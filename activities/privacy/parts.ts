import { createHash } from 'node:crypto';
import { type Build, type EXPORT_PARTS, readExportPage } from '../../db/privacy/index.ts';
import { csvLine } from '../../domain/privacy/csv.ts';
import type { Archive, Hashed } from './archive.ts';
import type { ExportDeps } from './export-deps.ts';

type Part = (typeof EXPORT_PARTS)[number];
type Row = Awaited<ReturnType<typeof readExportPage>>['rows'][number];

/** So many things that cannot be read are named; of more the number alone. */
const NAMED_MAX = 1_000;

/** What the manifest says of a part. */
export interface WrittenPart {
  readonly name: string;
  readonly about: string;
  readonly rows: number;
  readonly files: readonly (Hashed & { readonly file: string })[];
  /** Rows and files that could not be read. */
  readonly missing: number;
  readonly missingNamed: readonly string[];
}

export interface Progress {
  part: string;
  row: number;
}

type Deps = Pick<ExportDeps, 'db' | 'store'>;

/** Writes one part, as JSON and as CSV. */
export async function writePart(
  deps: Deps,
  archive: Archive,
  part: Part,
  { build, mtime, progress }: { readonly build: Build; readonly mtime: Date; readonly progress: Progress },
): Promise<WrittenPart> {
  const missing: string[] = [];
  let [rows, missingCount] = [0, 0];
  Object.assign(progress, { part: part.name, row: 0 });
  const miss = (names: readonly string[]) => {
    missingCount += names.length;
    missing.push(...names.slice(0, NAMED_MAX - missing.length));
  };
  async function* json() {
    let before = '[\n';
    for await (const { rows: some, unreadable } of pagesOf(deps, part, build)) {
      miss(unreadable);
      rows += some.length;
      progress.row = rows;
      for (const row of some) {
        yield `${before}${JSON.stringify(row)}`;
        before = ',\n';
      }
    }
    yield rows === 0 ? '[]\n' : '\n]\n';
  }
  async function* csv() {
    const columns = columnNames(part);
    yield csvLine(columns);
    for await (const page of pagesOf(deps, part, build))
      yield page.rows.map((row) => csvLine(columns.map((name) => row[name] ?? null))).join('');
  }
  const written = async (file: string, text: AsyncIterable<string>) => ({
    file,
    ...(await archive.add(file, text, mtime)),
  });
  const files = [await written(`${part.name}.json`, json()), await written(`${part.name}.csv`, csv())];
  return { name: part.name, about: part.about, rows, files, missing: missingCount, missingNamed: missing };
}

const columnNames = ({ columns, file }: Part): readonly string[] => [
  ...Object.keys(columns),
  ...(file === undefined ? [] : ['size_bytes', 'sha256']),
];

interface Page {
  readonly rows: readonly Row[];
  readonly unreadable: readonly string[];
}

async function* pagesOf({ db, store }: Deps, part: Part, { exportId, userId }: Build): AsyncGenerator<Page> {
  let after: readonly string[] | null = null;
  for (;;) {
    const page: Awaited<ReturnType<typeof readExportPage>> = await readExportPage(db, part, {
      exportId,
      userId,
      after,
    });
    if (page.next === null) return;
    yield part.file === undefined ? page : await withFiles(store, page, part.file);
    after = page.next;
  }
}

/** A file that cannot be read is named, and its row stays. */
async function withFiles(store: ExportDeps['store'], page: Page, column: string): Promise<Page> {
  const rows: Row[] = [];
  const unreadable = [...page.unreadable];
  for (const row of page.rows) {
    const key = String(row[column]);
    const file = await hashOf(store, key);
    if (file === null) unreadable.push(key);
    rows.push({ ...row, size_bytes: file?.sizeBytes ?? null, sha256: file?.sha256 ?? null });
  }
  return { rows, unreadable };
}

/** Null: it is not there, or cannot be read. Throws where the store is away. */
async function hashOf(store: ExportDeps['store'], key: string): Promise<Hashed | null> {
  const file = await store.get(key);
  if (file === null) return null;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of file.content) {
      hash.update(chunk);
      sizeBytes += chunk.length;
    }
  } catch {
    return null;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
