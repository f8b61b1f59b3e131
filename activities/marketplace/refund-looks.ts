import { setTimeout as sleep } from 'node:timers/promises';
import { adoptProviderRefund } from '../../db/marketplace/refunds/adopt-provider-refund.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { endedAs, missUnanswered } from '../../db/marketplace/refunds/miss-unanswered.ts';
import { purchaseOf } from '../../db/marketplace/purchase.ts';
import type { PurchaseRef } from '../../domain/marketplace/purchase.ts';
import type { RefundLook } from '../../domain/marketplace/messages.ts';
import type { PspFailure, PspNotFound, PspRefund } from '../../providers/hyperswitch/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import { refundEvent } from '../../providers/webhooks/as-event.ts';
import { refundWithPayment } from './reports.ts';
import { createRefusalJudge } from './refund-refusals.ts';

/** An operator waits for the first look, and their call ends after eight seconds. */
const LOOK_DEADLINE_MS = 5_000;

type Found = { readonly kind: 'refund'; readonly refund: PspRefund } | PspFailure | PspNotFound;

export function createRefundLookActivities(deps: MarketplaceDeps) {
  const { db, psp, inbox, purchases, settings, log } = deps;
  const { bookOthers } = createRefusalJudge(deps);

  /**
   * Looks by the refund's id and, where that shows nothing, by its payment; other refunds of that payment at the PSP
   * are booked.
   */
  async function find(refundId: string, of: PurchaseRef, paymentId: string | null): Promise<Found> {
    const read = await psp.readRefund(refundId);
    if (read.kind !== 'not_found' || paymentId === null) return read;
    const listed = await psp.listRefunds(paymentId);
    if (listed.kind !== 'refunds') return listed;
    const ours = listed.refunds.find((one) => one.refundId === refundId);
    if (ours !== undefined) return { kind: 'refund', refund: ours };
    await bookOthers({ ...of, paymentId }, listed.refunds);
    return { kind: 'not_found' };
  }

  const unreadable = (reason: string): RefundLook => ({
    kind: 'unreadable',
    reason,
    lookAgainInMs: settings.psp.maxMs,
  });

  async function look(refundId: string): Promise<RefundLook> {
    const { refund, paymentId } = await refundWithPayment(deps, refundId);
    if (refund.status !== 'pending') return endedAs(refund);
    if (refund.hyperswitchRefundId !== null) return { kind: 'known' };
    const found = await inTime(find(refundId, purchaseOf(refund), paymentId));
    switch (found.kind) {
      case 'refund':
        await adoptProviderRefund(db, refundId, found.refund.refundId);
        // As after a lost webhook: the PSP's report takes the same way as its webhooks.
        await inbox.dispatch(refundEvent(found.refund));
        return { kind: 'known' };
      case 'not_found':
        return missUnanswered(db, refundId, settings.pspReadLagMs, purchases);
      case 'unauthorized':
        await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', found.message);
        return unreadable(found.message);
      case 'refused':
        return unreadable(found.message);
      case 'unknown':
        return unreadable(found.reason);
    }
  }

  return {
    /**
     * Looks at the PSP for a refund that it never answered. The first look that does not find it stops the asking,
     * and one that is PSP_READ_LAG later fails it. An unknown answer changes nothing.
     */
    async lookForRefund(refundId: string): Promise<RefundLook> {
      const looked = await whileHeartbeating(() => look(refundId));
      log.info({ refundId, looked }, 'looked at the PSP for a refund that it never answered');
      return looked;
    },
  };
}

/** An answer that comes too late for the waiting operator counts as unknown: nothing is decided by it. */
async function inTime(found: Promise<Found>): Promise<Found> {
  const timer = new AbortController();
  const late = sleep(LOOK_DEADLINE_MS, { kind: 'unknown', reason: 'no answer in time' } as const, {
    signal: timer.signal,
  }).catch(() => found);
  try {
    return await Promise.race([found, late]);
  } finally {
    timer.abort();
  }
}
