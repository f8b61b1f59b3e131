import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { PayoutWait } from '../../domain/payouts/payout-machine.ts';
import type { Db } from '../client.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { clearFlags, missed } from '../kernel/index.ts';
import { lockPayout } from './lock.ts';
import type { Postponement } from '../marketplace/index.ts';

/**
 * An attempt did not make the payout: writes the reason and the time of the next one. `released`: no call under its
 * key was carried out. `spentKey`: a key that did nothing and can do nothing any more.
 */
export async function postponePayout(
  db: Db,
  payoutId: string,
  postponement: Postponement<PayoutWait> & { readonly spentKey: string | null },
): Promise<Payout> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    // The webhook was faster than the answer.
    if (payout.status !== 'pending' || payout.externalPayoutId !== null) return payout;
    return transitionPayout(tx, payout, 'pending', {
      retryCount: payout.retryCount + (postponement.counted ? 1 : 0),
      nextRetryAt: new Date(postponement.nextRetryAtMs),
      errorMessage: postponement.message,
      waitingFor: postponement.waitingFor,
      ...(postponement.spentKey !== null &&
        postponement.spentKey === payout.idempotencyKey && { needsNewKey: true }),
      ...(postponement.released && { askedAt: null }),
    });
  });
}

/**
 * Stripe's list does not show the payout, but an answer was lost: that call may still be carried out. The first look
 * stops the asking, and the money is held. Returns whether this look is `gapMs` later, so that the money may be given
 * back. By the database's clock; repeatable.
 */
export async function missPayout(
  db: Db,
  payoutId: string,
  message: string,
  gapMs: number,
): Promise<{ readonly payout: Payout; readonly isOver: boolean }> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout.status !== 'pending' || payout.externalPayoutId !== null) return { payout, isOver: false };
    const { missedAt, lookAgainInMs } = await missed(tx, payout, gapMs);
    const waiting = await transitionPayout(tx, payout, 'pending', {
      missedAt,
      nextRetryAt: new Date(Date.now() + lookAgainInMs),
      errorMessage: message,
      waitingFor: 'last_look',
    });
    return { payout: waiting, isOver: lookAgainInMs === 0 };
  });
}

/** Stripe made something other than we asked for: keeps it for the person who decides. */
export async function noteDiffering(
  db: Db,
  payoutId: string,
  made: { readonly stripePayoutId: string; readonly amountMinor: number; readonly currency: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout.status !== 'pending' || payout.externalPayoutId !== null) return;
    await transitionPayout(tx, payout, 'pending', {
      differingId: made.stripePayoutId,
      differingMinor: made.currency === payout.currency ? made.amountMinor : null,
    });
  });
}

/**
 * An operator gave up a payout that Stripe has accepted: that counts only where Stripe reports nothing of it any
 * more.
 */
export async function notePayoutGivenUp(db: Db, payoutId: string): Promise<Payout> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout.status !== 'pending' || payout.givenUpAt !== null) return payout;
    return transitionPayout(tx, payout, 'pending', { givenUpAt: new Date() });
  });
}

/** Stripe has the payout: keeps its id; the status stays until Stripe's report. Repeatable. */
export async function acceptPayout(db: Db, payoutId: string, stripePayoutId: string): Promise<Payout> {
  if (stripePayoutId === '') throw new Error(`payout ${payoutId} came back without Stripe's id`);
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout.status !== 'pending' || payout.externalPayoutId !== null) return payout;
    await clearFlags(tx, 'account_gone', payoutWorkflowId(payoutId));
    await clearFlags(tx, 'amount_differs', payoutWorkflowId(payoutId));
    return transitionPayout(tx, payout, 'pending', {
      externalPayoutId: stripePayoutId,
      nextRetryAt: null,
      errorMessage: null,
      waitingFor: null,
    });
  });
}
