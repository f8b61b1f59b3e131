/** An action on a kind of row, in the words of the ops console and of Temporal's UI. */
export interface ActionWords {
  /** What the action will do to a row of this status, in a sentence. */
  readonly effect: string | ((status: string) => string);
  /** How to do it in Temporal's UI; absent: not possible there. */
  readonly inTemporal?: string;
}

export const effectOf = ({ effect }: ActionWords, { status }: { readonly status: string }): string =>
  typeof effect === 'string' ? effect : effect(status);

/** The actions as Temporal's UI shows them. */
export const actionsInTemporal = (actions: Readonly<Record<string, ActionWords>>): string[] =>
  Object.values(actions).flatMap(({ inTemporal }) => inTemporal ?? []);

export const RETRY_IN_TEMPORAL = 'Send the signal `retryNow` for an attempt at once.';
