import { meterCpu } from '../measure/cpu.ts';
import { figures, quantile, ratios } from '../measure/figures.ts';
import { closedLoop } from '../measure/load.ts';
import { round } from '../memory.ts';
import type { Side } from '../sides/side.ts';

/** What was measured of one side in one round. */
export type Measured = Readonly<Record<string, number>>;

export interface Point {
  readonly concurrency: number;
  /** Whether the end of each refund is waited for, or only the acknowledgement. */
  readonly whole: boolean;
  readonly units: number;
}

/** So many refunds of a side are made before its first round counts. */
const WARM_UP = 20;
const IDLE_MS = 3_000;

/** One round of one side. */
export async function measureOnce(side: Side, { concurrency, whole, units }: Point): Promise<Measured> {
  const orders = await side.prepare(units);
  const used = meterCpu(side.pids());
  const load = await closedLoop(side, orders, { concurrency, whole });
  const cpu = Object.entries(used()).map(([part, ms]) => [part, ms / units] as const);
  await side.abandon(orders);
  return {
    perSecond: units / load.seconds,
    ackP50Ms: quantile(load.ackMs, 0.5),
    ackP99Ms: quantile(load.ackMs, 0.99),
    ...(whole && { wholeP50Ms: quantile(load.wholeMs, 0.5), wholeP99Ms: quantile(load.wholeMs, 0.99) }),
    refusals: load.refusals,
    cpuMs: cpu.reduce((sum, [, ms]) => sum + ms, 0),
    ...Object.fromEntries(cpu.map(([part, ms]) => [`${part}CpuMs`, ms])),
  };
}

/** All sides in turn, round after round, so that what disturbs one disturbs the others too. */
export async function compare(
  [ours, ...others]: readonly [Side, ...Side[]],
  point: Point,
  { rounds, say }: { readonly rounds: number; readonly say: (line: string) => void },
) {
  const sides = [ours, ...others];
  const measured = new Map<string, Measured[]>(sides.map(({ name }) => [name, []]));
  for (const side of sides) {
    await measureOnce(side, { ...point, units: Math.max(WARM_UP, point.concurrency) });
  }
  for (let turn = 1; turn <= rounds; turn += 1) {
    for (const side of sides) {
      const found = await measureOnce(side, point);
      measured.get(side.name)!.push(found);
      say(`round ${turn}, ${side.name}, ${point.concurrency} at a time: ${told(found)}`);
    }
  }
  const ofOurs = measured.get(ours.name)!;
  const names = Object.keys(ofOurs[0] ?? {}).filter(
    (name) => !name.endsWith('Refusals') && name !== 'refusals',
  );
  return {
    ...point,
    rounds,
    sides: Object.fromEntries(sides.map(({ name }) => [name, figures(measured.get(name)!)])),
    /** Ours divided by theirs, round by round. */
    ratios: Object.fromEntries(
      others.map(({ name }) => {
        const ofTheirs = measured.get(name)!;
        const both = names.filter((one) => ofTheirs[0]?.[one] !== undefined);
        return [name, ratios(ofOurs, ofTheirs, both)];
      }),
    ),
  };
}

const told = ({ perSecond, ackP50Ms, ackP99Ms, wholeP50Ms, refusals, cpuMs }: Measured) =>
  [
    `${round(perSecond!)}/s`,
    `acknowledged in ${Math.round(ackP50Ms!)} ms (p99 ${Math.round(ackP99Ms!)})`,
    ...(wholeP50Ms === undefined ? [] : [`whole in ${Math.round(wholeP50Ms)} ms`]),
    `${Math.round(cpuMs!)} ms of CPU`,
    ...(refusals === 0 ? [] : [`${refusals} refusals`]),
  ].join(', ');

/** CPU that each part of a side uses while nobody asks for anything, in milliseconds a second. */
export async function idleCpu(sides: readonly Side[]): Promise<Readonly<Record<string, Measured>>> {
  const meters = sides.map((side) => [side.name, meterCpu(side.pids())] as const);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return Object.fromEntries(
    meters.map(([name, used]) => [
      name,
      Object.fromEntries(Object.entries(used()).map(([part, ms]) => [part, round((ms * 1_000) / IDLE_MS)])),
    ]),
  );
}
