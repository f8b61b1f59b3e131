/** A state machine as data: its statuses, and which of them may follow which. */
export interface Machine<Status extends string> {
  readonly name: string;
  readonly statuses: readonly Status[];
  readonly transitions: { readonly [From in Status]: readonly Status[] };
  /** Transitions that only a reviewed action of an operator may make, and automation never. */
  readonly reviewedTransitions?: { readonly [From in Status]?: readonly Status[] };
  /** Transitions of a dispute that is won after it was lost: the PSP itself says that the money is back. */
  readonly wonBackTransitions?: { readonly [From in Status]?: readonly Status[] };
}

/** Who moves a row. */
export type TransitionCause = 'automation' | 'review' | 'won_back';

/**
 * Whether a row may go from one status to another. To stay in its status is allowed, as for an idempotent bump of a
 * counter. A status that the machine does not know is never allowed, since something else wrote that row.
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
