import { type Attempt, keyGeneration } from '../../domain/kernel/index.ts';
import type { PayoutStatus } from '../../domain/payouts/payout-machine.ts';
import type { Payout } from '../../db/payouts/schema.ts';

/** `accepted`: Stripe has the payout, and its report is to come. */
export type PayoutAttempt = Attempt<PayoutStatus | 'accepted'>;

export const isOpen = ({ status, externalPayoutId }: Payout) =>
  status === 'pending' && externalPayoutId === null;

export const ended = (payout: Payout): PayoutAttempt => ({
  ended: true,
  status: payout.status === 'pending' ? 'accepted' : payout.status,
  message: payout.errorMessage,
  retryCount: payout.retryCount,
  idempotencyKey: payout.idempotencyKey,
});

export function waiting(payout: Payout): PayoutAttempt {
  const nextAttemptAtMs = payout.nextRetryAt?.getTime() ?? Date.now();
  return {
    ended: false,
    retryCount: payout.retryCount,
    nextAttemptAt: new Date(nextAttemptAtMs).toISOString(),
    delayMs: Math.max(nextAttemptAtMs - Date.now(), 0),
    lastError: payout.errorMessage,
    waitingFor: payout.waitingFor,
    generation: Math.max(keyGeneration(payout.idempotencyKey), 1) + (payout.needsNewKey ? 1 : 0),
    idempotencyKey: payout.idempotencyKey,
  };
}
