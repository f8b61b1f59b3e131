import { round } from '../memory.ts';

/** The value below which this share of the values lies; NaN where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  const lower = sorted.length % 2 === 0 ? upper - 1 : upper;
  return ((sorted[lower] ?? NaN) + (sorted[upper] ?? NaN)) / 2;
}

/** A figure over all rounds: the rounds' median, and the lowest and the highest of them. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function figure(values: readonly number[]): Figure {
  return {
    median: round(median(values)),
    least: round(Math.min(...values)),
    most: round(Math.max(...values)),
  };
}

type Round = Readonly<Record<string, number>>;

/** One figure for each name that the rounds have. */
export function figures(rounds: readonly Round[]): Readonly<Record<string, Figure>> {
  const names = new Set(rounds.flatMap((one) => Object.keys(one)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      figure(
        rounds.flatMap(({ [name]: value }) => (value === undefined || Number.isNaN(value) ? [] : [value])),
      ),
    ]),
  );
}

/** Ours divided by another's, round by round: what both shared in a round, such as a busy machine, falls out. */
export function ratios(
  ours: readonly Round[],
  others: readonly Round[],
  names: readonly string[],
): Readonly<Record<string, Figure>> {
  return Object.fromEntries(
    names.map((name) => [name, figure(ours.map((one, index) => one[name]! / others[index]![name]!))]),
  );
}
