import { and, eq, isNull } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { refunds } from './schema.ts';

/** Phase 2 knows that the PSP has our refund: keeps its id there; the status stays. Repeatable. */
export async function adoptProviderRefund(db: Db, refundId: string, providerRefundId: string): Promise<void> {
  await db
    .update(refunds)
    .set({ hyperswitchRefundId: providerRefundId })
    .where(and(eq(refunds.id, refundId), isNull(refunds.hyperswitchRefundId)));
}
