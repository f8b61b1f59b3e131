import type { Db } from '../../client.ts';
import type { Reversal } from '../transfers/schema.ts';
import { endReversal, type ReversalEnd } from './end.ts';
import { lockReversal } from '../lock.ts';

/** Ends a reversal by Stripe's answer, or finds it ended. Repeatable. */
export async function completeReversal(db: Db, reversalId: string, end: ReversalEnd): Promise<Reversal> {
  return db.transaction(async (tx) => {
    const { transfer, reversal } = await lockReversal(tx, reversalId);
    return reversal.status === 'pending' ? endReversal(tx, transfer, reversal, end) : reversal;
  });
}
