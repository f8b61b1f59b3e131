import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end } from './identity.ts';
import { LockHeld, takeLock } from './lock.ts';

const PREFIX = 'veza-scratch-';

export interface Scratch {
  dir: string;
  remove(): void;
}

/** A folder for files that need not outlive this process. First removes the folders of processes that were killed. */
export async function makeScratch(): Promise<Scratch> {
  await sweep();
  const dir = join(tmpdir(), `${PREFIX}${randomBytes(6).toString('hex')}`);
  // The lock comes first and lies beside the folder: a sweep elsewhere never meets a folder without one.
  const lock = takeLock(`${dir}.lock`);
  mkdirSync(dir, { mode: 0o711 });
  return {
    dir,
    remove: () => {
      rmSync(dir, { recursive: true, force: true });
      lock.release();
    },
  };
}

async function sweep(): Promise<void> {
  const locks = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX) && name.endsWith('.lock'));
  for (const name of locks) {
    const file = join(tmpdir(), name);
    try {
      const lock = takeLock(file);
      await remove(file.slice(0, -'.lock'.length));
      lock.release();
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
    }
  }
}

async function remove(dir: string): Promise<void> {
  // A process that was killed between the folder's removal and its lock's leaves the lock alone.
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(isServerLock)) {
    const { orphan } = takeLock(join(dir, name));
    if (orphan) await end(orphan, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
  }
  rmSync(dir, { recursive: true, force: true });
}

const isServerLock = (name: string) => name.endsWith('.lock');
