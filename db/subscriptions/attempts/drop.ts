import type { Tx } from '../../client.ts';
import { readClock } from '../../kernel/index.ts';
import type { InvoicePayment } from '../invoices/schema.ts';
import { transitionAttempt } from './transition.ts';

/**
 * Nobody wants a pending attempt any more; it must be locked. What was never asked for is over. What was asked for is ended at
 * the PSP by the workflow, and if it succeeds all the same, the money goes back.
 */
export async function dropAttempt(tx: Tx, attempt: InvoicePayment): Promise<InvoicePayment> {
  if (attempt.askedAt === null)
    return transitionAttempt(tx, attempt, 'failed', { errorMessage: 'it was never asked for' });
  if (attempt.endRequestedAt !== null) return attempt;
  // The next look at it ends it, however lately it was looked at.
  return transitionAttempt(tx, attempt, 'pending', {
    endRequestedAt: new Date(await readClock(tx)),
    reconcileCheckedAt: null,
  });
}
