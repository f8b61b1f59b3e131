import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import type { MarketplaceDeps } from './deps.ts';
import type { MadeTransfer } from './transfer-look-ups.ts';
import { ended, type TransferAttempt } from './transfer-results.ts';

/** Books a transfer that Stripe has, and starts or wakes the reversals that this lets go on. Repeatable. */
export function transferCompletion({ db, engine, log }: MarketplaceDeps) {
  return async function complete(
    transferId: string,
    { stripeTransferId, amountMinor }: Pick<MadeTransfer, 'stripeTransferId' | 'amountMinor'>,
  ): Promise<TransferAttempt> {
    const { transfer, reversals, funded } = await completeTransfer(
      db,
      transferId,
      stripeTransferId,
      amountMinor,
    );
    for (const reversal of reversals) await engine.startReversal(reversal);
    for (const reversal of funded) await engine.retryReversal(reversal);
    log.info({ transferId, stripeTransferId, reversals: reversals.length }, 'transfer completed');
    return ended(transfer);
  };
}
