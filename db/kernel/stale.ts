import { machineAllows, type Machine, type TransitionCause } from '../../domain/kernel/machine.ts';

/** Another transaction changed the row first. The caller reads it again and usually finds its work done. */
export class StaleTransition extends Error {
  override readonly name = 'StaleTransition';

  constructor(machine: string, id: string, from: string, to: string) {
    super(`${machine} ${id} is no longer ${from}: it was not moved to ${to}`);
  }
}

/** Our own code asked for a transition that the machine does not have: a defect, never a race. */
export class IllegalMove extends Error {
  override readonly name = 'IllegalMove';

  constructor(machine: string, id: string, from: string, to: string) {
    super(`${machine} ${id} cannot go from ${from} to ${to}`);
  }
}

export type { TransitionCause } from '../../domain/kernel/machine.ts';

export function assertTransition<Status extends string>(
  machine: Machine<Status>,
  row: { readonly id: string; readonly status: Status },
  to: Status,
  by: TransitionCause = 'automation',
): void {
  if (!machineAllows(machine, row.status, to, by))
    throw new IllegalMove(machine.name, row.id, row.status, to);
}

/** The row as the guarded update left it, or StaleTransition where the guard matched nothing. */
export function transitionedOrStale<Row>(
  rows: readonly Row[],
  machine: Machine<string>,
  row: { readonly id: string; readonly status: string },
  to: string,
): Row {
  const [moved] = rows;
  if (moved === undefined) throw new StaleTransition(machine.name, row.id, row.status, to);
  return moved;
}
