import { type Attempt, keyGeneration } from '../../domain/kernel/index.ts';
import type { TransferStatus } from '../../domain/marketplace/transfer-machine.ts';
import type { Transfer } from '../../db/marketplace/transfers/schema.ts';

/** How a transfer stands after an attempt, as its workflow reads it. */
export type TransferAttempt = Attempt<TransferStatus>;

export const ended = (transfer: Transfer): TransferAttempt => ({
  ended: true,
  status: transfer.status,
  message: transfer.errorMessage,
  retryCount: transfer.retryCount,
  idempotencyKey: transfer.idempotencyKey,
});

export const standing = (transfer: Transfer): TransferAttempt =>
  transfer.status === 'pending' || transfer.status === 'failed' ? waiting(transfer) : ended(transfer);

export function waiting(transfer: Transfer): TransferAttempt {
  const nextAttemptAtMs = transfer.nextRetryAt?.getTime() ?? Date.now();
  return {
    ended: false,
    retryCount: transfer.retryCount,
    nextAttemptAt: new Date(nextAttemptAtMs).toISOString(),
    delayMs: Math.max(nextAttemptAtMs - Date.now(), 0),
    lastError: transfer.errorMessage,
    waitingFor: transfer.waitingFor,
    generation: keyGeneration(transfer.idempotencyKey) + (transfer.askedAt === null ? 1 : 0),
    idempotencyKey: transfer.idempotencyKey,
  };
}
