import type { ReversalStatus } from './reversal-machine.ts';

/** A reversal as Stripe lists it. Minor units. */
export interface SeenReversal {
  readonly stripeReversalId: string;
  readonly amountMinor: number;
  /** Ours, from the metadata; null where somebody else made it. */
  readonly reversalId: string | null;
}

/** One of our rows of the same transfer. */
export interface KnownReversal {
  readonly id: string;
  readonly status: ReversalStatus;
  readonly stripeReversalId: string | null;
  readonly retryOf: string | null;
  /** Minor units; the covered part others reversed. */
  readonly amountMinor: number;
  readonly coveredMinor: number;
}

/** The row that now stands for what Stripe lists: the last of its chain. Undefined where no row of ours made it. */
export function rowBehind<Row extends KnownReversal>(
  { reversalId }: Pick<SeenReversal, 'reversalId'>,
  known: readonly Row[],
): Row | undefined {
  const made = known.find(({ id }) => id === reversalId);
  return made && lastOfChain(made, known);
}

function lastOfChain<Row extends KnownReversal>(row: Row, known: readonly Row[]): Row {
  const successor = known.find(({ retryOf }) => retryOf === row.id);
  return successor === undefined ? row : lastOfChain(successor, known);
}

/** Whether a row of ours has it already. */
export const isBooked = (
  { stripeReversalId }: Pick<SeenReversal, 'stripeReversalId'>,
  known: readonly KnownReversal[],
): boolean => known.some((row) => row.stripeReversalId === stripeReversalId);

/**
 * Whether Stripe took it beside all that our rows stand for: no row of ours made it, or the one that did has its whole by
 * another one or by those of others. A metadata id that names no row of ours is no claim of ours.
 */
export function isOutside(
  seen: Pick<SeenReversal, 'reversalId' | 'stripeReversalId'>,
  known: readonly KnownReversal[],
): boolean {
  if (isBooked(seen, known)) return false;
  const row = rowBehind(seen, known);
  if (row === undefined) return true;
  if (row.status !== 'reversed') return false;
  // A row whose id at Stripe was not kept may be this very one.
  return Boolean(row.stripeReversalId) || row.coveredMinor === row.amountMinor;
}
