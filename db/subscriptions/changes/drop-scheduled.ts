import { and, eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { subscriptionChanges } from './schema.ts';
import { transitionChange } from './transition.ts';

/** Nobody waits for the period's end any more to change the price of a subscription that is locked. */
export async function dropScheduledChange(tx: Tx, subscriptionId: string): Promise<void> {
  const [scheduled] = await tx
    .select()
    .from(subscriptionChanges)
    .where(
      and(
        eq(subscriptionChanges.subscriptionId, subscriptionId),
        eq(subscriptionChanges.status, 'scheduled'),
      ),
    );
  if (scheduled !== undefined) await transitionChange(tx, scheduled, 'replaced');
}
