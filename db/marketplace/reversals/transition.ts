import { and, eq } from 'drizzle-orm';
import { REVERSAL, type ReversalStatus } from '../../../domain/marketplace/reversal-machine.ts';
import type { Tx } from '../../client.ts';
import { transferReversals, type Reversal } from '../transfers/schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';

/** Changes a reversal's status, or its fields in the same status; the only code that writes the status. */
export async function transitionReversal(
  tx: Tx,
  reversal: Pick<Reversal, 'id' | 'status'>,
  to: ReversalStatus,
  set: Partial<Omit<Reversal, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Reversal> {
  assertTransition(REVERSAL, reversal, to, by);
  const rows = await tx
    .update(transferReversals)
    .set({ ...set, status: to })
    .where(and(eq(transferReversals.id, reversal.id), eq(transferReversals.status, reversal.status)))
    .returning();
  return transitionedOrStale(rows, REVERSAL, reversal, to);
}
