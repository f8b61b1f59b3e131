import { type Build, EXPORT_PARTS, LEFT_OUT, readRequestedAt } from '../../db/privacy/index.ts';
import { aboutPage } from '../../domain/privacy/about-page.ts';
import { Archive, type Hashed } from './archive.ts';
import type { ExportDeps } from './export-deps.ts';
import { type Progress, type WrittenPart, writePart } from './parts.ts';

/** Raised where a part's columns change. */
const SCHEMA_VERSION = 1;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface BuiltArchive extends Hashed {
  readonly parts: readonly WrittenPart[];
}

/** Streams a copy into the store, under its attempt's key. Throws where it is not whole; then the store has nothing of it. */
export async function buildArchive(
  deps: Pick<ExportDeps, 'db' | 'store' | 'settings'>,
  build: Build,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<BuiltArchive> {
  const archive = new Archive();
  const stop = () => archive.destroy(new Error('the worker stops'));
  signal.addEventListener('abort', stop);
  try {
    const [parts] = await Promise.all([
      writeAll(deps, archive, build, progress).catch((error: unknown) => {
        archive.destroy(asError(error));
        throw error;
      }),
      deps.store
        .put(build.fileKey, archive.body, { contentType: 'application/zip', signal })
        .catch((error: unknown) => {
          archive.destroy(asError(error));
          throw error;
        }),
    ]);
    return { ...archive.sum, parts };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

async function writeAll(
  deps: Pick<ExportDeps, 'db' | 'store' | 'settings'>,
  archive: Archive,
  build: Build,
  progress: Progress,
): Promise<readonly WrittenPart[]> {
  const requestedAt = await readRequestedAt(deps.db, build.exportId);
  const parts: WrittenPart[] = [];
  for (const part of EXPORT_PARTS)
    parts.push(await writePart(deps, archive, part, { build, mtime: requestedAt, progress }));
  const manifest = {
    schema_version: SCHEMA_VERSION,
    export_id: build.exportId,
    requested_at: requestedAt.toISOString(),
    parts: parts.map(({ name, about, rows, files, missing, missingNamed }) => ({
      ...{ name, about, rows, missing, missing_named: missingNamed },
      files: files.map(({ file, sizeBytes, sha256 }) => ({ file, size_bytes: sizeBytes, sha256 })),
    })),
  };
  await archive.add('manifest.json', once(`${JSON.stringify(manifest, null, 2)}\n`), requestedAt);
  const terms = deps.settings.exports.keptFor.map(({ what, howLongMs }) => ({
    what,
    howLong: wordsOf(howLongMs),
  }));
  const page = aboutPage({
    requestedAt: requestedAt.toISOString(),
    parts,
    leftOut: reasons(),
    terms: [...terms, ...KEPT_BY_LAW],
  });
  await archive.add('about.html', once(page), requestedAt);
  archive.end();
  return parts;
}

const KEPT_BY_LAW = [
  { what: 'What was bought, sold, refunded and invoiced', howLong: '10 years from the end of the year' },
  { what: 'Everything else', howLong: 'until you leave' },
];

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** Tables by the reason for which they are left out. */
function reasons() {
  const byWhy = new Map<string, string[]>();
  for (const [table, why] of Object.entries(LEFT_OUT)) byWhy.set(why, [...(byWhy.get(why) ?? []), table]);
  return [...byWhy].map(([why, what]) => ({ why, what }));
}

function wordsOf(ms: number): string {
  const days = ms / DAY_MS;
  if (days >= 1) return `${Math.round(days)} ${Math.round(days) === 1 ? 'day' : 'days'}`;
  return `${Math.max(Math.round(ms / 60_000), 1)} min`;
}
