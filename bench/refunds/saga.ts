import type { Bench } from '../bench.ts';
import { openArena } from '../sides/index.ts';
import { onCompiledCode } from '../stack.ts';
import { compare, idleCpu } from './measure.ts';
import { storageKib } from './storage.ts';

const ROUNDS = 5;
const UNITS = 500;
const CONCURRENCIES = [1, 10, 50, 200];

/**
 * Whole refunds with one reversal, the PSP's webhook coming at once: completed a second and CPU, beside the floor of an
 * acknowledgement and the same saga on the peers.
 */
export const saga: Bench = ({
  rounds = ROUNDS,
  rows: concurrencies = CONCURRENCIES,
  part: units = UNITS,
  engine,
  say,
}) =>
  onCompiledCode(async (closers) => {
    const arena = await openArena(closers, say, { engine });
    const { product, floor, peers } = arena;
    const sides = [product, floor, ...peers] as const;
    const idleCpuMsPerSecond = await idleCpu(sides);
    const points = [];
    for (const concurrency of concurrencies) {
      const of = concurrency < 10 ? Math.ceil(units / 5) : Math.max(units, 2 * concurrency);
      points.push(await compare(sides, { concurrency, whole: true, units: of }, { rounds, say }));
    }
    return { idleCpuMsPerSecond, points, storage: await storageKib(arena, units) };
  });
