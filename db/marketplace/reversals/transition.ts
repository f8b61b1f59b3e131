import { and, eq } from 'drizzle-orm';
import { REVERSAL, type ReversalStatus } from '../../../domain/marketplace/reversal-machine.ts';
import type { Tx } from '../../client.ts';
import { transferReversals, type Reversal } from '../transfers/schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';

/** Moves a reversal, or changes it where it stands; the only code that writes its status. */
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
