import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identityOf, isAlive, type ProcessIdentity } from './identity.ts';

/** What a lock file holds: who owns it, and the server that the owner started under it. */
interface LockContent {
  owner: ProcessIdentity;
  server?: ProcessIdentity;
}

export interface Lock {
  /** A server that a dead owner has left running. */
  orphan?: ProcessIdentity;
  /** Writes the server's pid down, so that the next owner can stop it if this one is killed. */
  record(serverPid: number): void;
  release(): void;
}

export class LockHeld extends Error {
  readonly ownerPid: number;
  constructor(file: string, ownerPid: number) {
    super(`${file} is held by process ${ownerPid}, which is still running`);
    this.ownerPid = ownerPid;
  }
}

/** Takes the lock, also from an owner that is dead. Throws LockHeld while the owner lives. */
export function takeLock(file: string): Lock {
  const owner = identityOf(process.pid) ?? { pid: process.pid, startedAt: 'unknown' };
  mkdirSync(dirname(file), { recursive: true });

  for (let attempt = 0; attempt < 10; attempt++) {
    if (createExclusively(file, { owner })) return held(file, owner);
    const before = read(file);
    if (before && isAlive(before.owner)) throw new LockHeld(file, before.owner.pid);

    // The process that moves the dead lock away takes over; the loser tries again.
    const aside = `${file}.${process.pid}.stale`;
    if (!move(file, aside)) continue;
    const moved = read(aside);
    if (moved && isAlive(moved.owner)) {
      restore(aside, file); // someone else was faster, and what we moved is their fresh lock
      continue;
    }
    rmSync(aside, { force: true });
    if (!createExclusively(file, { owner })) continue;
    const orphan = moved?.server && isAlive(moved.server) ? moved.server : undefined;
    return { ...held(file, owner), ...(orphan && { orphan }) };
  }
  throw new Error(`cannot take the lock ${file}: too many processes want it`);
}

function held(file: string, owner: ProcessIdentity): Lock {
  return {
    record(serverPid) {
      const server = identityOf(serverPid);
      if (server) writeFileSync(file, JSON.stringify({ owner, server } satisfies LockContent));
    },
    release: () => rmSync(file, { force: true }),
  };
}

function createExclusively(file: string, content: LockContent): boolean {
  // Written to a file aside and linked, so that nobody reads a half-written lock.
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, JSON.stringify(content));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function restore(aside: string, file: string): void {
  try {
    linkSync(aside, file);
  } catch {
    // taken anew meanwhile: that lock stands
  }
  rmSync(aside, { force: true });
}

function read(file: string): LockContent | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockContent;
  } catch {
    return undefined;
  }
}
