import type { Db } from '../client.ts';
import { moveReversal, type Reversal } from '../moves/reversal.ts';
import { restTransfer } from './end-reversal.ts';
import { lockReversal } from './lock.ts';
import type { Postponement } from './postpone-transfer.ts';

/** An attempt did not take the money back: writes why and when the next one is, on the row and on its transfer. */
export async function postponeReversal(
  db: Db,
  reversalId: string,
  postponement: Omit<Postponement, 'released'>,
): Promise<Reversal> {
  return db.transaction(async (tx) => {
    const { transfer, reversal } = await lockReversal(tx, reversalId);
    if (reversal.status !== 'pending') return reversal;
    const postponed = await moveReversal(tx, reversal, 'pending', {
      retryCount: reversal.retryCount + (postponement.counted ? 1 : 0),
      nextRetryAt: new Date(postponement.nextRetryAtMs),
      errorMessage: postponement.message,
      waitingFor: postponement.waitingFor,
    });
    await restTransfer(tx, transfer, 0);
    return postponed;
  });
}
