import { keyGeneration } from '../../domain/kernel/index.ts';
import { payoutKey } from '../../domain/payouts/ids.ts';
import type { Db } from '../client.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { lockPayout } from './lock.ts';

export type PayoutClaim =
  /** Ask Stripe with exactly these values. Key and time are committed. */
  | {
      readonly kind: 'ask';
      readonly payout: Payout;
      readonly stripeAccountId: string;
      readonly idempotencyKey: string;
      readonly askedAtMs: number;
      /** No earlier call under this key may have been carried out. */
      readonly isFirst: boolean;
    }
  /** Stripe has the payout, and its report is to come. */
  | { readonly kind: 'accepted'; readonly payout: Payout }
  | { readonly kind: 'not_due'; readonly payout: Payout }
  | { readonly kind: 'ended'; readonly payout: Payout };

/**
 * Commits the key of the next call to Stripe before anything is sent. The row's key stays, unless the row or
 * `spentKey` says that it did nothing and can do nothing any more. `now` forces an attempt that is not due yet.
 */
export async function askPayout(
  db: Db,
  {
    payoutId,
    now,
    spentKey,
  }: { readonly payoutId: string; readonly now: boolean; readonly spentKey?: string },
): Promise<PayoutClaim> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout.status !== 'pending') return { kind: 'ended', payout };
    if (payout.externalPayoutId !== null) return { kind: 'accepted', payout };
    if (!now && (payout.nextRetryAt?.getTime() ?? 0) > Date.now()) return { kind: 'not_due', payout };
    const { stripeAccountId } = payout;
    if (stripeAccountId === null) throw new Error(`payout ${payoutId} names no Stripe account`);
    // Another attempt may have taken a new key since, and that key may still do something.
    const isSpent = spentKey !== undefined && spentKey === payout.idempotencyKey;
    const needsNewKey = isSpent || payout.needsNewKey;
    if (payout.idempotencyKey !== null && payout.askedAt !== null && !needsNewKey) {
      const { idempotencyKey, askedAt } = payout;
      const asked = { payout, stripeAccountId, idempotencyKey, askedAtMs: askedAt.getTime() };
      return { kind: 'ask', ...asked, isFirst: false };
    }
    const known = keyGeneration(payout.idempotencyKey);
    const idempotencyKey = payoutKey(payoutId, needsNewKey ? known + 1 : Math.max(known, 1));
    const askedAt = new Date();
    const asked = await transitionPayout(tx, payout, 'pending', {
      idempotencyKey,
      askedAt,
      needsNewKey: false,
    });
    const askedAtMs = askedAt.getTime();
    return { kind: 'ask', payout: asked, stripeAccountId, idempotencyKey, askedAtMs, isFirst: true };
  });
}
