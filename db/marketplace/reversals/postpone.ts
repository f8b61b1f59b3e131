import type { ReversalWait } from '../../../domain/marketplace/reversal-machine.ts';
import type { Db } from '../../client.ts';
import { transitionReversal } from './transition.ts';
import type { Reversal } from '../transfers/schema.ts';
import { restTransfer } from './end.ts';
import { lockReversal } from '../lock.ts';
import type { Postponement } from '../transfers/postpone.ts';

/**
 * An attempt did not take the money back: writes the reason and the time of the next one, on the row and its
 * transfer. `spentKey`: a key that did nothing and can do nothing any more.
 */
export async function postponeReversal(
  db: Db,
  reversalId: string,
  postponement: Omit<Postponement<ReversalWait>, 'released'> & { readonly spentKey: string | null },
): Promise<Reversal> {
  return db.transaction(async (tx) => {
    const { transfer, reversal } = await lockReversal(tx, reversalId);
    if (reversal.status !== 'pending') return reversal;
    const postponed = await transitionReversal(tx, reversal, 'pending', {
      retryCount: reversal.retryCount + (postponement.counted ? 1 : 0),
      nextRetryAt: new Date(postponement.nextRetryAtMs),
      errorMessage: postponement.message,
      waitingFor: postponement.waitingFor,
      ...(postponement.spentKey !== null &&
        postponement.spentKey === reversal.idempotencyKey && { needsNewKey: true }),
    });
    await restTransfer(tx, transfer, 0);
    return postponed;
  });
}
