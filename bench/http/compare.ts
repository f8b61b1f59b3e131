import { figures, ratios } from '../measure/figures.ts';
import { round } from '../memory.ts';
import { type Call, hammer, type Hammered } from './hammer.ts';
import type { Pids } from '../measure/cpu.ts';

/** One of the two that are compared: how it is called, and whose CPU counts. */
export interface Called {
  readonly pids: () => Pids;
  /** As many calls as are asked for; where each may be made once, others each time. */
  readonly calls: (count: number) => Promise<readonly Call[]> | readonly Call[];
}

export interface Case {
  readonly name: string;
  readonly concurrency: number;
  readonly units: number;
  /** The status of every answer. */
  readonly status: number;
  readonly veza: Called;
  readonly bare: Called;
}

const WARM_UP = 100;

/** The product and the bare handler in turn, round after round. */
export async function compareCalls(
  { name, concurrency, units, status, veza, bare }: Case,
  { rounds, say }: { readonly rounds: number; readonly say: (line: string) => void },
) {
  const run = async ({ calls, pids }: Called, count: number) =>
    hammer(await calls(count), { concurrency, status, pids: pids() });
  for (const called of [veza, bare]) await run(called, Math.min(units, WARM_UP));
  const [ofVeza, ofBare]: [Hammered[], Hammered[]] = [[], []];
  for (let turn = 1; turn <= rounds; turn += 1) {
    ofVeza.push(await run(veza, units));
    ofBare.push(await run(bare, units));
    const [ours, theirs] = [ofVeza.at(-1)!['perSecond']!, ofBare.at(-1)!['perSecond']!];
    say(
      `round ${turn}, ${name}, ${concurrency} at a time: ${Math.round(ours)}/s, ${round(ours / theirs)} of ${Math.round(theirs)}/s`,
    );
  }
  return {
    ...{ name, concurrency, units, rounds, veza: figures(ofVeza), bare: figures(ofBare) },
    ratios: ratios(ofVeza, ofBare, ['perSecond', 'p50Ms']),
  };
}
