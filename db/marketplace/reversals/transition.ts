import { and, eq } from 'drizzle-orm';
import { REVERSAL, type ReversalStatus } from '../../../domain/marketplace/reversal-machine.ts';
import type { Tx } from '../../client.ts';
import { transferReversals, type Reversal } from '../transfers/schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause, writeOne } from '../../kernel/index.ts';

/** Changes a reversal's status, or its fields in the same status; the only code that writes the status. */
export async function transitionReversal(
  tx: Tx,
  reversal: Pick<Reversal, 'id' | 'status'>,
  to: ReversalStatus,
  set: Partial<Omit<Reversal, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Reversal> {
  assertTransition(REVERSAL, reversal, to, by);
  const rows = await update(tx, reversal, to, set).returning();
  return transitionedOrStale(rows, REVERSAL, reversal, to);
}

/** The same, where what the row holds afterwards is known or of no concern: nobody waits for the write. */
export async function transitionReversalUnread<
  Row extends Pick<Reversal, 'id' | 'status'>,
  Set extends Partial<Omit<Reversal, 'id' | 'status'>>,
>(
  tx: Tx,
  reversal: Row,
  to: ReversalStatus,
  set: Set,
  by?: TransitionCause,
): Promise<Row & Set & { readonly status: ReversalStatus }> {
  assertTransition(REVERSAL, reversal, to, by);
  await writeOne(tx, update(tx, reversal, to, set));
  return { ...reversal, ...set, status: to };
}

const update = (
  tx: Tx,
  from: Pick<Reversal, 'id' | 'status'>,
  to: ReversalStatus,
  set: Partial<Omit<Reversal, 'id' | 'status'>>,
) =>
  tx
    .update(transferReversals)
    .set({ ...set, status: to })
    .where(and(eq(transferReversals.id, from.id), eq(transferReversals.status, from.status)));
