import type { Tx } from '../client.ts';
import { moveTransfer, type Transfer } from '../moves/transfer.ts';

/** A transfer that Stripe was never asked for sends that much less; where nothing is left it ends without a call. */
export async function withhold(tx: Tx, transfer: Transfer, byMinor: number): Promise<Transfer> {
  const amountMinor = transfer.amountMinor - byMinor;
  if (transfer.status === 'permanently_failed' || amountMinor > 0) {
    return moveTransfer(tx, transfer, transfer.status, { amountMinor });
  }
  const errorMessage = 'order refunded';
  const failed = await moveTransfer(tx, transfer, 'failed', {
    amountMinor,
    errorMessage,
    nextRetryAt: new Date(),
  });
  return moveTransfer(tx, failed, 'permanently_failed', { nextRetryAt: null, waitingFor: null });
}
