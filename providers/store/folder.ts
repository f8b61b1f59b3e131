import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  assertFileKey,
  type ByteRange,
  type FilePage,
  type FileStat,
  type FileStore,
  type OpenFile,
  type PutOptions,
  StoreFault,
} from '../../domain/kernel/index.ts';
import { piecesOf } from './content.ts';

const PAGE_FILES = 1_000;
/** No key has a part that begins with a dot. */
const UNFINISHED = /^\.(.+)\.[0-9a-f-]{36}\.part$/;
/** How often a folder is made anew that was removed meanwhile, since it was empty. */
const FOLDER_TRIES = 10;

/** Files in a folder of this machine, which all processes of ours have to see. */
export function createFolderStore(folder: string): FileStore {
  const root = resolve(folder);
  const pathOf = (key: string) => {
    assertFileKey(key);
    return join(root, ...key.split('/'));
  };
  const withPath = async <T>(key: string, use: (path: string) => Promise<T>) => {
    const path = pathOf(key);
    return asFault(() => use(path));
  };
  return {
    put: async (key, content, options) => put(pathOf(key), content, options),
    get: (key, range) => withPath(key, (path) => get(path, range)),
    stat: (key) => withPath(key, (path) => stat(path).then(fileStatOf).catch(nullIfMissing)),
    remove: (key) => withPath(key, (path) => remove(root, path)),
    list: (prefix, after = '') => asFault(() => list(root, prefix, after)),
    abortUnfinished: ({ olderThan, prefix }) => asFault(() => abortUnfinished(root, olderThan, prefix)),
    close() {},
  };
}

async function put(path: string, content: AsyncIterable<Uint8Array>, { signal }: PutOptions) {
  const unfinished = join(dirname(path), `.${path.slice(path.lastIndexOf(sep) + 1)}.${randomUUID()}.part`);
  const file = await asFault(() => openNew(unfinished));
  let sizeBytes = 0;
  try {
    for await (const piece of piecesOf(content, { signal })) {
      await asFault(() => file.writeFile(piece));
      sizeBytes += piece.byteLength;
    }
    await asFault(() => file.sync());
    await file.close();
    signal?.throwIfAborted();
    await asFault(() => rename(unfinished, path));
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
  await asFault(() => syncFolder(dirname(path)));
  return { sizeBytes };
}

async function openNew(path: string): Promise<FileHandle> {
  for (let left = FOLDER_TRIES; ; left--) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if (!isMissing(error) || left === 0) throw error;
    }
  }
}

/** The new name is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: unknown) => {
    // Removed already, by whoever removed the file.
    if (isMissing(error)) return null;
    throw error;
  });
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

async function get(path: string, range: ByteRange | undefined): Promise<OpenFile | null> {
  const file = await open(path, 'r').catch(nullIfMissing);
  if (file === null) return null;
  try {
    const known = fileStatOf(await file.stat());
    if (known === null) {
      await file.close();
      return null;
    }
    const { sizeBytes } = known;
    if (range !== undefined && range.start >= sizeBytes) throw new StoreFault('range');
    // A stream of an empty file has no last byte.
    const stream = file.createReadStream(
      range && { start: range.start, end: Math.min(range.end ?? sizeBytes, sizeBytes) },
    );
    return { ...known, content: faultless(stream), close: () => void stream.destroy() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* faultless(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw faultOf(error);
  }
}

async function remove(root: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await removeEmpty(root, dirname(path));
}

/** So that a folder does not stay for each file that there ever was. */
async function removeEmpty(root: string, folder: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(root); at = dirname(at)) {
    const isGone = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}

async function list(root: string, prefix: string, after: string): Promise<FilePage> {
  const files: FilePage['files'][number][] = [];
  for await (const { key, path } of keysIn(root, '', { prefix, after })) {
    // Gone meanwhile.
    const known = await stat(path).then(fileStatOf).catch(nullIfMissing);
    if (known === null) continue;
    if (files.length === PAGE_FILES) return { files, next: files.at(-1)?.key ?? null };
    files.push({ key, ...known });
  }
  return { files, next: null };
}

/** In the order of an S3: by the bytes of the whole key. */
async function* keysIn(
  path: string,
  folderKey: string,
  which: { readonly prefix: string; readonly after: string },
): AsyncGenerator<{ readonly key: string; readonly path: string }> {
  const { prefix, after } = which;
  const isWanted = (key: string) => key.startsWith(prefix) && isBefore(after, key);
  const mayHold = (key: string) =>
    (key.startsWith(prefix) || prefix.startsWith(key)) && (after.startsWith(key) || isBefore(after, key));
  const entries = (await entriesOf(path))
    .map((entry) => ({ entry, key: `${folderKey}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .toSorted((one, other) => (isBefore(one.key, other.key) ? -1 : 1));
  for (const { entry, key } of entries) {
    const at = join(path, entry.name);
    if (entry.isDirectory() && mayHold(key)) yield* keysIn(at, key, which);
    if (entry.isFile() && !entry.name.startsWith('.') && isWanted(key)) yield { key, path: at };
  }
}

const isBefore = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;

async function abortUnfinished(root: string, olderThan: Date, prefix: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(emptyIfMissing);
  let aborted = 0;
  for (const { parentPath, name } of entries) {
    const [, of] = UNFINISHED.exec(name) ?? [];
    if (of === undefined) continue;
    const key = relative(root, join(parentPath, of)).split(sep).join('/');
    const path = join(parentPath, name);
    const begunAt = key.startsWith(prefix) ? await stat(path).catch(nullIfMissing) : null;
    if (begunAt === null || begunAt.mtime >= olderThan) continue;
    await remove(root, path);
    aborted += 1;
  }
  return aborted;
}

const entriesOf = (path: string) => readdir(path, { withFileTypes: true }).catch(emptyIfMissing);

const fileStatOf = (known: {
  isFile(): boolean;
  readonly size: number;
  readonly mtime: Date;
}): FileStat | null => (known.isFile() ? { sizeBytes: known.size, modifiedAt: known.mtime } : null);

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** A part of the key that is a file is no folder that the rest could lie in. */
const isMissing = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

function emptyIfMissing(error: unknown): Dirent[] {
  nullIfMissing(error);
  return [];
}

const FAULTS: Readonly<Record<string, 'full' | 'refused'>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'refused',
  EPERM: 'refused',
  EROFS: 'refused',
};

/** The file system's own words name the path. */
const faultOf = (error: unknown): StoreFault =>
  error instanceof StoreFault ? error : new StoreFault(FAULTS[codeOf(error)] ?? 'unavailable');

async function asFault<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw faultOf(error);
  }
}
