/** Below this a measurement says more of the machine than of the work. */
const SMALL_MS = 25;
const TIMES = 3;
const ROUNDS = 6;
/** Twice the input is twice the work, and a little for the machine's moods; quadratic work is four times. */
const RATIO_MAX = 2.6;

/**
 * How many times the work grows when its input doubles to `size`: the best of some rounds, since a busy machine makes
 * work longer and never shorter. Work that is too small to be measured has not grown.
 */
export async function growth(work: (size: number) => unknown, size: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && best > RATIO_MAX; round += 1) {
    const half = await fastest(() => work(size / 2));
    const whole = await fastest(() => work(size));
    if (whole < SMALL_MS) return 1;
    best = Math.min(best, whole / half);
  }
  return best;
}

async function fastest(work: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < TIMES; time += 1) {
    const startedMs = performance.now();
    await work();
    best = Math.min(best, performance.now() - startedMs);
  }
  return best;
}

export { RATIO_MAX as LINEAR };
