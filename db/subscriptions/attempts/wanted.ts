import type { LockedAttempt } from '../lock.ts';
import { isEnded } from '../steps/moment.ts';

/**
 * Whether a pending attempt is still to be paid. Who has cancelled, or disputes, is not asked for money again: a charge that the
 * PSP has not answered may never have reached it, and is ended. One that it has answered runs its course.
 */
export function isWanted({ subscription, invoice, attempt }: LockedAttempt): boolean {
  if (attempt.endRequestedAt !== null || invoice.status !== 'open' || isEnded(subscription)) return false;
  return subscription.cancelRequestedAt === null || attempt.providerStatus !== null;
}
