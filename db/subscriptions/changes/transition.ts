import { and, eq } from 'drizzle-orm';
import { CHANGE, type ChangeStatus } from '../../../domain/subscriptions/change-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { type SubscriptionChange, subscriptionChanges } from './schema.ts';

/** Changes the status of a change, or its fields in the same status; the only code that writes the status. */
export async function transitionChange(
  tx: Tx,
  change: Pick<SubscriptionChange, 'id' | 'status'>,
  to: ChangeStatus,
  set: Partial<Omit<SubscriptionChange, 'id' | 'status'>> = {},
): Promise<SubscriptionChange> {
  assertTransition(CHANGE, change, to);
  const rows = await tx
    .update(subscriptionChanges)
    .set({ ...set, status: to })
    .where(and(eq(subscriptionChanges.id, change.id), eq(subscriptionChanges.status, change.status)))
    .returning();
  return transitionedOrStale(rows, CHANGE, change, to);
}
