/** When each step of dunning is due, from the first refusal on. `scheduleMs` rises, as `SUBSCRIPTION_DUNNING` has it. */
export const dunningStepsOf = (sinceMs: number, scheduleMs: readonly number[]): readonly number[] =>
  scheduleMs.map((afterMs) => sinceMs + afterMs);

/** How many steps have come by now. After an outage several come at once: they are taken as one, with one attempt. */
export const dunningStepsDue = (sinceMs: number, scheduleMs: readonly number[], nowMs: number): number =>
  dunningStepsOf(sinceMs, scheduleMs).filter((atMs) => atMs <= nowMs).length;

/** When the step after the `stepsDone` first ones is due; null where none is left. */
export const nextDunningStepMs = (
  sinceMs: number,
  scheduleMs: readonly number[],
  stepsDone: number,
): number | null => dunningStepsOf(sinceMs, scheduleMs)[stepsDone] ?? null;

/** Whether no step is left, so that the subscription expires once the last attempt is known to be over. */
export const isDunningOver = (scheduleMs: readonly number[], stepsDone: number): boolean =>
  stepsDone >= scheduleMs.length;

/**
 * What a mail about a refused payment says of what comes next: the card is charged again at `chargedAtMs`, or, where that
 * is null, another one has to be there before the schedule is over.
 */
export function nextInDunning(
  sinceMs: number,
  scheduleMs: readonly number[],
  chargedAtMs: number | null,
): { readonly next: 'charged_again' | 'another_card'; readonly next_at: string | null } {
  const atMs = chargedAtMs ?? dunningStepsOf(sinceMs, scheduleMs).at(-1);
  return {
    next: chargedAtMs === null ? 'another_card' : 'charged_again',
    next_at: atMs === undefined ? null : new Date(atMs).toISOString(),
  };
}
