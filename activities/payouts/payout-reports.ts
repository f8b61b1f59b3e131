import { isStripeId, type Hint } from '../../domain/kernel/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { PayoutStatus } from '../../domain/payouts/payout-machine.ts';
import type { PayoutReport } from '../../domain/payouts/messages.ts';
import { readPayout } from '../../db/payouts/list.ts';
import { MissingRow, raiseFlag } from '../../db/kernel/index.ts';
import { notePayoutGivenUp } from '../../db/payouts/postpone.ts';
import { recordAccountGone } from '../../db/sellers/index.ts';
import type { Payout } from '../../db/payouts/schema.ts';
import type { StripePayout } from '../../providers/stripe/outcomes.ts';
import type { PayoutDeps } from './deps.ts';
import { GIVEN_UP, whileHeartbeating, retryLater } from '../kernel/index.ts';
import { payoutLookUps } from './payout-look-ups.ts';
import { payoutReportFor } from './reports.ts';
import { payoutSettlement } from './settle-payout.ts';

/** What Stripe reports of payouts: by a webhook, or when it is asked. */
export function createPayoutReportActivities(deps: PayoutDeps) {
  const { db, stripe, settings } = deps;
  const { transfer: policy } = settings;
  const { isAsAsked } = payoutLookUps(deps);
  const settle = payoutSettlement(deps);

  async function payoutOf(payoutId: string): Promise<Payout> {
    const payout = await readPayout(db, payoutId);
    if (payout === null) throw new MissingRow('payout', payoutId);
    return payout;
  }

  /** The report from the inbox, or else from Stripe; null where it ends nothing. */
  async function confirm(payoutId: string, hint: Hint<PayoutReport>): Promise<PayoutReport | null> {
    const payout = await payoutOf(payoutId);
    const stored = await payoutReportFor(db, payout, hint.webhookId ?? null);
    if (stored !== null) return stored;
    const { stripeAccountId } = payout;
    const stripePayoutId = payout.externalPayoutId ?? hint.stripePayoutId;
    if (stripeAccountId === null || !isStripeId('po', stripePayoutId)) return null;
    const seen = await stripe.readPayout({ stripeAccountId, stripePayoutId });
    if (seen.kind === 'account_gone')
      return payout.status === 'pending' ? endAtGoneAccount(payout, stripePayoutId) : null;
    // One that is still open is looked up again, and its webhook must not wait for Stripe.
    if (seen.kind === 'refused' || (seen.kind !== 'payout' && payout.status === 'pending')) return null;
    if (seen.kind !== 'payout') throw retryLater('stripe_unreadable', 'the payout cannot be read', policy);
    return (await isAsAsked(payout, { ...seen.payout, account: stripeAccountId }))
      ? wordOf(seen.payout)
      : null;
  }

  /** What Stripe says of the payout now; null where it ends nothing or cannot be read. */
  async function read(payout: Payout, stripePayoutId: string): Promise<PayoutReport | 'gone' | null> {
    if (payout.stripeAccountId === null) return null;
    const seen = await stripe.readPayout({ stripeAccountId: payout.stripeAccountId, stripePayoutId });
    if (seen.kind === 'account_gone') {
      await recordAccountGone(db, payout.stripeAccountId, seen.message);
      return 'gone';
    }
    return seen.kind === 'payout' ? wordOf(seen.payout) : null;
  }

  /** Stripe had accepted the payout, and the account is gone: only a person can say that the bank never got it. */
  async function endAtGoneAccount(payout: Payout, stripePayoutId: string): Promise<PayoutReport | null> {
    const message = 'Stripe had accepted it, and says nothing of its account any more';
    if (payout.givenUpAt !== null)
      return { status: 'failed', stripePayoutId, message: `${GIVEN_UP}: ${message}` };
    await raiseFlag(db, 'account_gone', payoutWorkflowId(payout.id), message);
    return null;
  }

  return {
    /**
     * Asks Stripe how a payout stands whose webhook may have been lost; null while it is underway. `isGivenUp`: an
     * operator gave it up, which the row keeps. That ends a payout whose account is gone; for any other Stripe's
     * report counts.
     */
    async lookUpPayout(payoutId: string, isGivenUp = false): Promise<PayoutReport | null> {
      return whileHeartbeating(async () => {
        const payout = isGivenUp ? await notePayoutGivenUp(db, payoutId) : await readPayout(db, payoutId);
        if (!payout?.externalPayoutId) return null;
        const seen = await read(payout, payout.externalPayoutId);
        return seen === 'gone' ? endAtGoneAccount(payout, payout.externalPayoutId) : seen;
      });
    },

    /**
     * Books Stripe's report, as the stored webhook or Stripe itself has it; a hint that neither confirms changes
     * nothing. A report that contradicts the books is checked at Stripe, and flagged.
     */
    async settlePayout(payoutId: string, hint: Hint<PayoutReport>): Promise<PayoutStatus> {
      return whileHeartbeating(async () => {
        const word = await confirm(payoutId, hint);
        if (word === null) return (await payoutOf(payoutId)).status;
        const { payout, contradiction } = await settle(payoutId, word);
        if (contradiction === null) return payout.status;
        const now = await read(payout, word.stripePayoutId);
        if (now === null) throw retryLater('stripe_unreadable', 'the payout cannot be read', policy);
        // Webhooks come in any order: an older report changes nothing.
        const isOld = now !== 'gone' && now.status === 'failed';
        if (contradiction === 'paid_after_failed' && isOld) return payout.status;
        const kind = contradiction === 'another_payout' ? 'outside_payout' : 'payout_paid_after_failed';
        const said = now === 'gone' ? `${word.status}, as it said before its account was gone` : now.status;
        const detail = `Stripe's ${word.stripePayoutId} is ${said}; our payout is ${payout.status} as ${payout.externalPayoutId ?? 'one that was never made'}`;
        await raiseFlag(db, kind, payoutWorkflowId(payoutId), detail);
        return payout.status;
      });
    },
  };
}

function wordOf({ status, stripePayoutId, failureMessage }: StripePayout): PayoutReport | null {
  if (status === 'paid') return { status, stripePayoutId, message: null };
  if (status !== 'failed' && status !== 'canceled') return null;
  return { status: 'failed', stripePayoutId, message: failureMessage ?? `the payout is ${status}` };
}
