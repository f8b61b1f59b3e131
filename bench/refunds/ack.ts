import type { Bench } from '../bench.ts';
import { openArena } from '../sides/index.ts';
import { onCompiledCode } from '../stack.ts';
import { compare, idleCpu } from './measure.ts';

const ROUNDS = 5;
const UNITS = 500;

/**
 * `POST …/refund` to 202, beside update-with-start with one local activity and one transaction, and the peers. The PSP
 * takes every refund and sends no webhook, so that what follows an acknowledgement is not measured with it.
 */
export const ack: Bench = ({ rounds = ROUNDS, part: units = UNITS, engine, say }) =>
  onCompiledCode(async (closers) => {
    const { product, floor, peers, providers } = await openArena(closers, say, { engine });
    const sides = [product, floor, ...peers] as const;
    for (const { name } of [product, ...peers])
      await providers.control(providers.pspUrl(name), 'setRefundMode', { mode: 'manual' });
    const idleCpuMsPerSecond = await idleCpu(sides);
    const one = await compare(
      sides,
      { concurrency: 1, whole: false, units: Math.ceil(units / 5) },
      { rounds, say },
    );
    const many = await compare(sides, { concurrency: 50, whole: false, units }, { rounds, say });
    return { idleCpuMsPerSecond, points: [one, many] };
  });
