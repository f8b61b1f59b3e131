import type { Bench } from '../bench.ts';
import { figures, quantile, ratios } from '../measure/figures.ts';
import { closedLoop } from '../measure/load.ts';
import { type OpenLoad, openLoop } from '../measure/open-loop.ts';
import { round } from '../memory.ts';
import { openArena } from '../sides/index.ts';
import type { Side } from '../sides/side.ts';
import { onCompiledCode } from '../stack.ts';
import type { Measured } from './measure.ts';

const ROUNDS = 1;
const FACTORS = [1, 2, 4];
const SECONDS = 20;
/** What a side can carry is measured with so many refunds under way. */
const CARRIED_AT = 20;
const CARRIED_UNITS = 200;
const RATIOS = ['ackP50Ms', 'ackP99Ms', 'doneToLeast'];

/**
 * Refunds come at 1, 2 and 4 times of what a side can carry, which is measured just before. Who is refused asks again
 * when told. A side that is as good at four times the load as at one ends all in `doneToLeast` 1.
 */
export const overload: Bench = ({
  rounds = ROUNDS,
  rows: factors = FACTORS,
  part: seconds = SECONDS,
  engine,
  say,
}) =>
  onCompiledCode(async (closers) => {
    const { product, peers } = await openArena(closers, say, { engine });
    const sides: readonly Side[] = [product, ...peers];
    const measured = new Map<string, Measured[]>();
    for (let turn = 1; turn <= rounds; turn += 1) {
      for (const side of sides) {
        const carried = await carriedPerSecond(side);
        say(`round ${turn}, ${side.name} carries ${round(carried)} refunds a second`);
        for (const factor of factors) {
          const orders = await side.prepare(Math.ceil(carried * factor * seconds));
          const found = told(await openLoop(side, orders, carried * factor), carried, factor * seconds);
          const key = `${side.name} ${factor}`;
          measured.set(key, [...(measured.get(key) ?? []), found]);
          say(`round ${turn}, ${side.name} at ${factor} times that: ${JSON.stringify(found)}`);
        }
      }
    }
    const of = (side: Side, factor: number) => measured.get(`${side.name} ${factor}`) ?? [];
    return {
      seconds,
      points: factors.map((factor) => ({
        name: `${factor} × what each carries`,
        factor,
        rounds,
        sides: Object.fromEntries(sides.map((side) => [side.name, figures(of(side, factor))])),
        ratios: Object.fromEntries(
          peers.map((peer) => [peer.name, ratios(of(product, factor), of(peer, factor), RATIOS)]),
        ),
      })),
    };
  });

/** Whole refunds a second, as many under way as a side is best at. The first are not counted. */
export async function carriedPerSecond(side: Side): Promise<number> {
  const load = { concurrency: CARRIED_AT, whole: true };
  await closedLoop(side, await side.prepare(2 * CARRIED_AT), load);
  const { seconds } = await closedLoop(side, await side.prepare(CARRIED_UNITS), load);
  return CARRIED_UNITS / seconds;
}

function told(load: OpenLoad, carried: number, leastSeconds: number): Measured {
  const { ackMs, acceptedAfterMs, refusals, acceptedSeconds, doneSeconds, lost } = load;
  const tookMs = refusals.map((refusal) => refusal.tookMs);
  const afterMs = refusals.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const figure = {
    carriedPerSecond: carried,
    accepted: ackMs.length,
    ackP50Ms: quantile(ackMs, 0.5),
    ackP99Ms: quantile(ackMs, 0.99),
    acceptedAfterP50Ms: quantile(acceptedAfterMs, 0.5),
    acceptedAfterP99Ms: quantile(acceptedAfterMs, 0.99),
    refusals: refusals.length,
    refusals429: refusals.filter(({ status }) => status === 429).length,
    ...(refusals.length > 0 && {
      refusedInP50Ms: quantile(tookMs, 0.5),
      refusedInP99Ms: quantile(tookMs, 0.99),
      retryAfterP50Ms: quantile(afterMs, 0.5),
      retryAfterMostMs: Math.max(0, ...afterMs),
    }),
    acceptedSeconds,
    doneSeconds,
    /** Time until all is done, to what it takes at the rate that was carried before. */
    doneToLeast: doneSeconds / leastSeconds,
    lost,
  };
  return Object.fromEntries(Object.entries(figure).map(([name, value]) => [name, round(value)]));
}
