import type { Tx } from '../client.ts';
import { transitionTransfer } from './transfers/transition.ts';
import type { Transfer } from './transfers/schema.ts';

/** A transfer that Stripe was never asked for sends that much less; when nothing is left, it ends without a call. */
export async function withhold(tx: Tx, transfer: Transfer, byMinor: number): Promise<Transfer> {
  const amountMinor = transfer.amountMinor - byMinor;
  if (transfer.status === 'permanently_failed' || transfer.status === 'written_off' || amountMinor > 0) {
    return transitionTransfer(tx, transfer, transfer.status, { amountMinor });
  }
  return endUnsent(tx, transfer, 'order refunded');
}

/** Nothing is left to send: the transfer ends without a call. Never for one that Stripe was asked for. */
export async function endUnsent(tx: Tx, transfer: Transfer, errorMessage: string): Promise<Transfer> {
  const failed = await transitionTransfer(tx, transfer, 'failed', {
    amountMinor: 0,
    errorMessage,
    nextRetryAt: new Date(),
  });
  return transitionTransfer(tx, failed, 'permanently_failed', { nextRetryAt: null, waitingFor: null });
}
