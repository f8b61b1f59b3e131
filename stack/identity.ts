import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A pid alone is not enough: numbers are reused, soonest of all in a restarted container. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startedAtOnLinux(pid) : ps(pid, 'lstart=');
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

export function commandLineOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=') ?? '';
  return readText(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
}

/** Sends each signal in turn, and waits its time, until the process has ended. */
export async function end(
  identity: ProcessIdentity,
  steps: readonly { signal: NodeJS.Signals; waitMs: number }[],
): Promise<void> {
  for (const { signal, waitMs } of steps) {
    if (!isAlive(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch {
      return; // ended between the look and the signal
    }
    if (await hasEnded(identity, waitMs)) return;
  }
  throw new Error(`process ${identity.pid} does not end, not even by ${steps.at(-1)?.signal}`);
}

/** For a handler of `exit`, where nothing can be awaited. */
export function endSync(identity: ProcessIdentity, signal: NodeJS.Signals, waitMs: number): void {
  if (!isAlive(identity)) return;
  process.kill(identity.pid, signal);
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const deadlineMs = Date.now() + waitMs;
  while (isAlive(identity) && Date.now() < deadlineMs) Atomics.wait(clock, 0, 0, 10);
}

async function hasEnded(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + waitMs;
  while (Date.now() < deadlineMs) {
    if (!isAlive(identity)) return true;
    await sleep(20);
  }
  return !isAlive(identity);
}

function startedAtOnLinux(pid: number): string | undefined {
  // The command in parentheses may hold spaces: fields are counted after its last bracket.
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return fields[19];
}

function ps(pid: number, column: string): string | undefined {
  const show = (format: string) =>
    execFileSync('ps', ['-ww', '-p', String(pid), '-o', format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return show('state=').startsWith('Z') ? undefined : show(column) || undefined;
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
