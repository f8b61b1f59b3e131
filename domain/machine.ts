/** A state machine as data: which statuses there are, and from which one may reach which. */
export interface Machine<Status extends string> {
  readonly name: string;
  readonly statuses: readonly Status[];
  readonly moves: { readonly [From in Status]: readonly Status[] };
  /** Moves that only a reviewed action of an operator may make; never taken by automation. */
  readonly reviewedMoves?: { readonly [From in Status]?: readonly Status[] };
}

/**
 * Whether a row may go from one status to another. Staying where it is counts as allowed (an idempotent bump of a
 * counter); a status the machine does not know never is, since such a row was written by something else.
 */
export function canMove<Status extends string>(
  machine: Machine<Status>,
  from: string,
  to: string,
  by: 'automation' | 'review' = 'automation',
): boolean {
  if (!isStatusOf(machine, from) || !isStatusOf(machine, to)) return false;
  if (from === to || machine.moves[from].includes(to)) return true;
  return by === 'review' && (machine.reviewedMoves?.[from]?.includes(to) ?? false);
}

export function isStatusOf<Status extends string>(machine: Machine<Status>, value: string): value is Status {
  return (machine.statuses as readonly string[]).includes(value);
}

/** A terminal status has no way out for automation. */
export function isTerminal<Status extends string>(machine: Machine<Status>, status: Status): boolean {
  return machine.moves[status].length === 0;
}
