/** What became of one row that was looked at, and a word to count by. */
export interface Looked<What extends string> {
  readonly what: What;
  readonly why: string;
}

/** How many rows were looked at, what became of them, and how many for which reason. */
export type Counts<What extends string> = Readonly<Record<'seen' | What, number>> & {
  readonly why: Readonly<Record<string, number>>;
};

/** Counts what became of rows, by the words that there are for it. */
export function counting<What extends string>(words: readonly What[]) {
  const counts = (seen: number, numberOf: (what: What) => number, why: Readonly<Record<string, number>>) =>
    ({ seen, ...Object.fromEntries(words.map((what) => [what, numberOf(what)])), why }) as Counts<What>;
  return {
    nothing: counts(0, () => 0, {}),
    count(looks: readonly Looked<What>[]): Counts<What> {
      const why = new Map<string, number>();
      for (const look of looks) why.set(look.why, (why.get(look.why) ?? 0) + 1);
      const numberOf = (what: What) => looks.filter((look) => look.what === what).length;
      return counts(looks.length, numberOf, Object.fromEntries(why));
    },
    add(before: Counts<What>, batch: Counts<What>): Counts<What> {
      const why = { ...before.why };
      for (const [word, times] of Object.entries(batch.why)) why[word] = (why[word] ?? 0) + times;
      return counts(before.seen + batch.seen, (what) => before[what] + batch[what], why);
    },
  };
}
