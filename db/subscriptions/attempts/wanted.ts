import type { LockedAttempt } from '../lock.ts';
import { isEnded } from '../steps/moment.ts';

/**
 * Whether a pending attempt is still to be paid. Who has cancelled, disputes, or gets the period back by a refund that ends it, is
 * not asked for money again: a charge that the PSP has not answered may never have reached it, and is ended. One that it has
 * answered runs its course.
 */
export function isWanted({
  subscription,
  invoice,
  attempt,
  isRefunded,
}: LockedAttempt & {
  /** Whether a refund is under way that ends the subscription. */
  readonly isRefunded: boolean;
}): boolean {
  if (attempt.endRequestedAt !== null || invoice.status !== 'open' || isEnded(subscription)) return false;
  const isLeaving = subscription.cancelRequestedAt !== null || isRefunded;
  return !isLeaving || attempt.providerStatus !== null;
}
