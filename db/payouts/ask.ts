import { keyGeneration } from '../../domain/kernel/index.ts';
import { payoutKey } from '../../domain/payouts/ids.ts';
import type { Db } from '../client.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { lockPayout } from './lock.ts';

export type PayoutClaim =
  /** Ask Stripe, with exactly these. The key and time are committed. */
  | {
      readonly kind: 'ask';
      readonly payout: Payout;
      readonly stripeAccountId: string;
      readonly idempotencyKey: string;
      readonly askedAtMs: number;
      /** Nothing was asked under this key before that Stripe may have carried out. */
      readonly isFirst: boolean;
    }
  /** Stripe has it: its word is waited for. */
  | { readonly kind: 'accepted'; readonly payout: Payout }
  | { readonly kind: 'not_due'; readonly payout: Payout }
  | { readonly kind: 'ended'; readonly payout: Payout };

/**
 * Commits the key of what is about to be asked of Stripe, before anything is sent. The row's key stands, unless the row or
 * `spentKey` says that it can do nothing any more and did nothing. `now` forces an attempt that is not due yet.
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
    // Another attempt may have taken a new key since: that one may do something yet.
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
