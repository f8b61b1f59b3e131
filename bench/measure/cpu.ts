import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** How long one tick of `/proc/<pid>/stat` is. */
const TICK_MS = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Stat {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly endedMs: number;
}

/** Fields of proc_pid_stat(5): 4 is ppid, 14 and 15 are utime and stime, 16 and 17 those of ended children. */
function readStat(pid: number | string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return {
      parent: field(4),
      ownMs: (field(14) + field(15)) * TICK_MS,
      endedMs: (field(16) + field(17)) * TICK_MS,
    };
  } catch {
    return null;
  }
}

/** What a process and its children have used: PostgreSQL has one for each connection. */
function usedMs(pid: number): number {
  const own = readStat(pid);
  if (own === null) return 0;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat)
    .filter((stat) => stat?.parent === pid);
  return children.reduce((sum, stat) => sum + (stat?.ownMs ?? 0), own.ownMs + own.endedMs);
}

/** Processes by the name under which their CPU is told. */
export type Pids = Readonly<Record<string, number>>;

/** Measures from now on; what is returned tells how many milliseconds of CPU each has used since. */
export function meterCpu(pids: Pids): () => Record<string, number> {
  const before = Object.entries(pids).map(([name, pid]) => [name, pid, usedMs(pid)] as const);
  return () => Object.fromEntries(before.map(([name, pid, fromMs]) => [name, usedMs(pid) - fromMs]));
}
