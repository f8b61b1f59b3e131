import type { ReversalStatus } from './reversal-machine.ts';

/** A reversal as Stripe lists it. Minor units. */
export interface SeenReversal {
  readonly stripeReversalId: string;
  readonly amountMinor: number;
  /** Our id, from the metadata; null where somebody else made the reversal. */
  readonly reversalId: string | null;
}

/** One of our rows of the same transfer. */
export interface KnownReversal {
  readonly id: string;
  readonly status: ReversalStatus;
  readonly stripeReversalId: string | null;
  readonly retryOf: string | null;
  /** Minor units; others reversed the covered part. */
  readonly amountMinor: number;
  readonly coveredMinor: number;
}

/**
 * The row that stands for a reversal in Stripe's list: the last of its chain of retries. Undefined where no row of
 * ours made it.
 */
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

/** Whether a row of ours has this reversal already. */
export const isBooked = (
  { stripeReversalId }: Pick<SeenReversal, 'stripeReversalId'>,
  known: readonly KnownReversal[],
): boolean => known.some((row) => row.stripeReversalId === stripeReversalId);

/**
 * Whether Stripe's reversal is beyond all that our rows stand for: no row of ours made it, or the row that did got
 * its whole amount by other reversals. A metadata id that names no row of ours does not make it ours.
 */
export function isOutside(
  seen: Pick<SeenReversal, 'reversalId' | 'stripeReversalId'>,
  known: readonly KnownReversal[],
): boolean {
  if (isBooked(seen, known)) return false;
  const row = rowBehind(seen, known);
  if (row === undefined) return true;
  if (row.status !== 'reversed') return false;
  // A row without a kept Stripe id may be this very reversal.
  return Boolean(row.stripeReversalId) || row.coveredMinor === row.amountMinor;
}
