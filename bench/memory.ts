import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 500;
/** What a process took for its last work is given back within this time. */
export const QUIET_MS = 5_000;

/** The peak of a process's resident memory in the first, the second and the last third of the time, in MiB. */
export interface Curve {
  readonly thirds: readonly [number, number, number];
  readonly peak: number;
  /** Last third to first third: 1 is flat. */
  readonly ratio: number;
}

/** Samples the resident memory of a process until it is stopped; `pid` may name another process each time. */
export function watchMemory(pid: () => number): { curve(): Curve; stop(): Curve; restart(): void } {
  let samples: number[] = [];
  const timer = setInterval(() => {
    const mib = residentMib(pid());
    if (mib !== null) samples.push(mib);
  }, EVERY_MS);
  const curve = () => {
    const third = Math.max(1, Math.ceil(samples.length / 3));
    const most = (from: number) => Math.round(Math.max(0, ...samples.slice(from, from + third)));
    const thirds = [most(0), most(third), most(2 * third)] as const;
    return { thirds, peak: Math.max(...thirds), ratio: round(thirds[2] / thirds[0]) };
  };
  return {
    restart: () => {
      samples = [];
    },
    curve,
    stop: () => {
      clearInterval(timer);
      return curve();
    },
  };
}

export interface Resting {
  readonly residentMib: number;
  readonly proportionalMib: number;
}

/** The memory of a process that has nothing to do. */
export async function resting(pid: () => number): Promise<Resting> {
  await sleep(QUIET_MS);
  return {
    residentMib: Math.round(residentMib(pid()) ?? NaN),
    proportionalMib: Math.round(proportionalMib(pid()) ?? NaN),
  };
}

/** The resident memory of a process; null where it is gone. */
export const residentMib = (pid: number): number | null => readMib(`/proc/${pid}/status`, 'VmRSS');

/**
 * The proportional memory of a process, in which a page that n processes share counts as an nth; null where it is
 * gone.
 */
export const proportionalMib = (pid: number): number | null => readMib(`/proc/${pid}/smaps_rollup`, 'Pss');

function readMib(path: string, name: string): number | null {
  try {
    const kib = new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) / 1024;
  } catch {
    return null;
  }
}

export const round = (value: number) => Math.round(value * 1_000) / 1_000;
