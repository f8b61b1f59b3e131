import { and, eq } from 'drizzle-orm';
import { PAYOUT, type PayoutStatus } from '../../domain/payouts/payout-machine.ts';
import type { Tx } from '../client.ts';
import { sellerPayouts, type Payout } from './schema.ts';
import { assertTransition, transitionedOrStale } from '../kernel/index.ts';

/** Changes a payout's status, or its fields in the same status; the only code that writes the status. */
export async function transitionPayout(
  tx: Tx,
  payout: Pick<Payout, 'id' | 'status'>,
  to: PayoutStatus,
  set: Partial<Omit<Payout, 'id' | 'status'>> = {},
): Promise<Payout> {
  assertTransition(PAYOUT, payout, to);
  const rows = await tx
    .update(sellerPayouts)
    .set({ ...set, status: to })
    .where(and(eq(sellerPayouts.id, payout.id), eq(sellerPayouts.status, payout.status)))
    .returning();
  return transitionedOrStale(rows, PAYOUT, payout, to);
}
