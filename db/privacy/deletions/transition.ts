import { and, eq } from 'drizzle-orm';
import { DELETION, type DeletionStatus } from '../../../domain/privacy/deletion-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { type AccountDeletion, accountDeletions } from '../schema.ts';

/** Changes the status of a deletion, or its fields in the same status; the only code that writes the status. */
export async function transitionDeletion(
  tx: Tx,
  deletion: Pick<AccountDeletion, 'id' | 'status'>,
  to: DeletionStatus,
  set: Partial<Omit<AccountDeletion, 'id' | 'status'>> = {},
): Promise<AccountDeletion> {
  assertTransition(DELETION, deletion, to);
  const rows = await tx
    .update(accountDeletions)
    .set({ ...set, status: to })
    .where(and(eq(accountDeletions.id, deletion.id), eq(accountDeletions.status, deletion.status)))
    .returning();
  return transitionedOrStale(rows, DELETION, deletion, to);
}
