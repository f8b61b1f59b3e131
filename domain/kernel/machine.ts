/** A state machine as data: which statuses there are, and from which one may reach which. */
export interface Machine<Status extends string> {
  readonly name: string;
  readonly statuses: readonly Status[];
  readonly transitions: { readonly [From in Status]: readonly Status[] };
  /** Transitions that only a reviewed action of an operator may make; never taken by automation. */
  readonly reviewedTransitions?: { readonly [From in Status]?: readonly Status[] };
  /** Transitions that a dispute makes which is won after it was lost: the PSP itself says that the money is back. */
  readonly wonBackTransitions?: { readonly [From in Status]?: readonly Status[] };
}

/** Who moves a row. */
export type TransitionCause = 'automation' | 'review' | 'won_back';

/**
 * Whether a row may go from one status to another. Staying where it is counts as allowed (an idempotent bump of a
 * counter); a status the machine does not know never is, since such a row was written by something else.
 */
export function machineAllows<Status extends string>(
  machine: Machine<Status>,
  from: string,
  to: string,
  by: TransitionCause = 'automation',
): boolean {
  if (!isStatusOf(machine, from) || !isStatusOf(machine, to)) return false;
  if (from === to || machine.transitions[from].includes(to)) return true;
  const more =
    by === 'review'
      ? machine.reviewedTransitions
      : by === 'won_back'
        ? machine.wonBackTransitions
        : undefined;
  return more?.[from]?.includes(to) ?? false;
}

export function isStatusOf<Status extends string>(machine: Machine<Status>, value: string): value is Status {
  return (machine.statuses as readonly string[]).includes(value);
}

/** A terminal status has no way out for automation. */
export function isTerminal<Status extends string>(machine: Machine<Status>, status: Status): boolean {
  return machine.transitions[status].length === 0;
}
