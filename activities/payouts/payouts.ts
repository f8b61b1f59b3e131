import {
  backoffDelayMs,
  isStripeId,
  keyGeneration,
  formatMoney,
  type Attempt,
  type AttemptRequest,
  type Hint,
} from '../../domain/kernel/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { PayoutStatus, PayoutWait } from '../../domain/payouts/payout-machine.ts';
import type {
  PayoutOpening,
  PayoutRequest,
  PayoutReport,
  AskedPayout,
} from '../../domain/payouts/messages.ts';
import { readPayout } from '../../db/payouts/list.ts';
import { askPayout, type PayoutClaim } from '../../db/payouts/ask.ts';
import { readAsk, MissingRow, raiseFlag } from '../../db/kernel/index.ts';
import { openPayout } from '../../db/payouts/open.ts';
import {
  acceptPayout,
  missPayout,
  noteDiffering,
  notePayoutGivenUp,
  postponePayout,
} from '../../db/payouts/postpone.ts';
import type { Postponement } from '../../db/marketplace/index.ts';
import { recordAccountGone } from '../../db/sellers/index.ts';
import { settlePayout } from '../../db/payouts/settle.ts';
import type { Payout } from '../../db/payouts/schema.ts';
import type { CreatePayoutOutcome, StripePayout } from '../../providers/stripe/outcomes.ts';
import { isCalledOff } from '../../providers/stripe/payouts.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { PayoutDeps } from './deps.ts';
import { GIVEN_UP, whileHeartbeating, notServedHere, retryLater } from '../kernel/index.ts';
import { isPayoutAsAsked, payoutReportFor } from './reports.ts';

/** `accepted`: Stripe has the payout, and its report is to come. */
export type PayoutAttempt = Attempt<PayoutStatus | 'accepted'>;
type MadePayout = Parameters<typeof isPayoutAsAsked>[1];
type Ask = Extract<PayoutClaim, { kind: 'ask' }>;
/** What Stripe's own list says of our payout; `gone`: the account is gone, and Stripe will report nothing more. */
type LookedUp = { readonly found: string } | 'absent' | 'unavailable' | 'differs' | 'gone';
type Postponed = Postponement<PayoutWait>;
type Why = Omit<Postponed, 'nextRetryAtMs' | 'released'> & Partial<Pick<Postponed, 'released'>>;

/** Stripe's clock and ours may differ; a payout cannot be older than its row. */
const CLOCKS_DIFFER_MS = 60 * 60 * 1000;

export function createPayoutActivities({ db, engine, stripe, settings, log }: PayoutDeps) {
  const { transfer: policy } = settings;

  /** Whether Stripe made what we asked for. If not, it is neither booked nor given back: a person decides. */
  async function isAsAsked(payout: Payout, made: MadePayout): Promise<boolean> {
    if (isPayoutAsAsked(payout, made)) return true;
    const theirs = formatMoney(made.amountMinor, made.currency);
    const ours = formatMoney(payout.amountMinor, payout.currency);
    const said = `${made.stripePayoutId} at Stripe is of ${theirs}, our payout of ${ours}`;
    await raiseFlag(db, 'amount_differs', payoutWorkflowId(payout.id), said);
    await noteDiffering(db, payout.id, made);
    return false;
  }

  async function lookUp({ payout, stripeAccountId }: Ask): Promise<LookedUp> {
    const createdSinceMs = payout.createdAt.getTime() - CLOCKS_DIFFER_MS;
    const listed = await stripe.findPayout({ stripeAccountId, payoutId: payout.id, createdSinceMs });
    if (listed.kind === 'found') {
      const made = { ...listed.payout, account: stripeAccountId };
      // A payout of another amount that was called off at Stripe does not count any more.
      if (isCalledOff(listed.payout) && !isPayoutAsAsked(payout, made)) return 'absent';
      return (await isAsAsked(payout, made)) ? { found: made.stripePayoutId } : 'differs';
    }
    if (listed.kind === 'account_gone') {
      await recordAccountGone(db, stripeAccountId, listed.message);
      return 'gone';
    }
    return listed.kind === 'not_found' ? 'absent' : 'unavailable';
  }

  async function accept(payoutId: string, stripePayoutId: string): Promise<PayoutAttempt> {
    const payout = await acceptPayout(db, payoutId, stripePayoutId);
    log.info({ payoutId, stripePayoutId }, 'payout accepted by Stripe');
    return ended(payout);
  }

  async function postpone(
    payout: Payout,
    delayMs: number,
    why: Why,
    isSpent = false,
  ): Promise<PayoutAttempt> {
    const spentKey = isSpent ? payout.idempotencyKey : null;
    const nextRetryAtMs = Date.now() + delayMs;
    const postponed = await postponePayout(db, payout.id, {
      released: false,
      ...why,
      nextRetryAtMs,
      spentKey,
    });
    return isOpen(postponed) ? waiting(postponed) : ended(postponed);
  }

  /** Stripe does not have the payout and is not asked again: the seller gets the money back. */
  async function giveUp({ payout }: Pick<Ask, 'payout'>, message: string): Promise<PayoutAttempt> {
    await raiseFlag(db, 'payout_gave_up', payoutWorkflowId(payout.id), message);
    const { payout: failed } = await settle(payout.id, { status: 'failed', stripePayoutId: null, message });
    return ended(failed);
  }

  /** Waits until Stripe's list can be read: Stripe may have paid, and the seller would have the money twice. */
  const awaitLookUp = (payout: Payout, message: string) =>
    postpone(payout, policy.maxMs, { message, counted: false, waitingFor: 'look_up' });

  /** A call whose answer was lost may still be carried out: it takes two looks, further apart than any call runs. */
  async function miss(claim: Pick<Ask, 'payout'>, message: string): Promise<PayoutAttempt> {
    const { payout, isOver } = await missPayout(db, claim.payout.id, message, settings.stripeReadLagMs);
    if (isOver) return giveUp(claim, message);
    return isOpen(payout) ? waiting(payout) : ended(payout);
  }

  /** Neither booked nor given back: an operator books it as it is, or calls it off at Stripe. */
  const awaitDecision = (payout: Payout) =>
    postpone(payout, policy.maxMs, {
      message: 'Stripe made a payout of another amount',
      counted: false,
      waitingFor: 'amount_differs',
    });

  /** An answer was lost, and Stripe no longer answers for the account: a person has to find out whether it paid. */
  async function awaitPerson({ payout }: Ask, message: string): Promise<PayoutAttempt> {
    await raiseFlag(db, 'account_gone', payoutWorkflowId(payout.id), message);
    return postpone(payout, policy.maxMs, { message, counted: false, waitingFor: 'account_gone' });
  }

  /** An operator wants no more attempts; a payout that Stripe has already goes on. */
  async function giveUpUnlessThere(claim: Ask, reason: string): Promise<PayoutAttempt> {
    const lookedUp = await lookUp(claim);
    if (typeof lookedUp === 'object') return accept(claim.payout.id, lookedUp.found);
    if (lookedUp === 'unavailable') return awaitLookUp(claim.payout, reason);
    if (lookedUp === 'differs') return awaitDecision(claim.payout);
    return lookedUp === 'gone' || claim.isFirst ? giveUp(claim, reason) : miss(claim, reason);
  }

  /**
   * A failed attempt: counted, and retried until the retries are exhausted and Stripe's list shows nothing.
   * `isDefinite`: Stripe has refused the only call under its key, so none is under way.
   */
  async function fail(
    claim: Ask,
    message: string,
    lookedUp: LookedUp | null,
    isDefinite: boolean,
  ): Promise<PayoutAttempt> {
    const { payout } = claim;
    if (payout.retryCount < policy.maxRetries) {
      const delayMs = backoffDelayMs(payout.retryCount, policy);
      return postpone(payout, delayMs, { message, counted: true, waitingFor: null }, lookedUp === 'absent');
    }
    const last = lookedUp ?? (await lookUp(claim));
    if (typeof last === 'object') return accept(payout.id, last.found);
    if (last === 'differs') return awaitDecision(payout);
    if (last === 'gone') return awaitPerson(claim, message);
    if (last === 'unavailable') return awaitLookUp(payout, `${message}; Stripe's list cannot be read`);
    return isDefinite ? giveUp(claim, message) : miss(claim, message);
  }

  async function judge(claim: Ask, outcome: CreatePayoutOutcome): Promise<PayoutAttempt> {
    const { payout } = claim;
    if (outcome.kind === 'created') {
      const made = { ...outcome.payout, account: claim.stripeAccountId };
      if (await isAsAsked(payout, made)) return accept(payout.id, made.stripePayoutId);
      return awaitDecision(payout);
    }
    if (outcome.kind === 'rate_limited') {
      const message = 'Stripe asked us to slow down';
      const delayMs = outcome.retryAfterMs ?? policy.baseMs;
      const released = claim.isFirst;
      return postpone(payout, delayMs, { message, counted: false, waitingFor: 'rate_limit', released });
    }
    const message = outcome.kind === 'unknown' ? outcome.reason : outcome.message;
    if (outcome.kind === 'unauthorized') {
      await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', message);
      const released = claim.isFirst;
      return postpone(payout, policy.baseMs, { message, counted: false, waitingFor: 'stripe_key', released });
    }
    if (outcome.kind === 'account_gone') {
      await recordAccountGone(db, claim.stripeAccountId, message);
      if (claim.isFirst) return giveUp(claim, message);
    }
    const lookedUp = permitsNewKey(outcome, Date.now() - claim.askedAtMs) ? await lookUp(claim) : null;
    if (typeof lookedUp === 'object' && lookedUp !== null) return accept(payout.id, lookedUp.found);
    if (lookedUp === 'differs') return awaitDecision(payout);
    if (outcome.kind === 'account_gone')
      return lookedUp === 'absent' ? miss(claim, message) : awaitPerson(claim, message);
    if (outcome.kind !== 'insufficient_funds')
      return fail(claim, message, lookedUp, claim.isFirst && outcome.kind === 'refused');
    await raiseFlag(db, 'seller_funds_short', payoutWorkflowId(payout.id), message);
    const why = { message, counted: false, waitingFor: 'seller_funds' } as const;
    return postpone(payout, policy.maxMs, why, lookedUp === 'absent');
  }

  /** Looks before a key is used that Stripe may have forgotten, and where only Stripe's list can end the payout. */
  async function lookFirst(claim: Ask): Promise<PayoutClaim | PayoutAttempt> {
    const { payout } = claim;
    const tooOld = Date.now() - claim.askedAtMs > KEY_TOO_OLD_MS;
    const isOver = payout.waitingFor !== null && ONLY_LOOKED_FOR.has(payout.waitingFor);
    if (!tooOld && !isOver && payout.waitingFor !== 'amount_differs') return claim;
    const lookedUp = await lookUp(claim);
    if (typeof lookedUp === 'object') return accept(payout.id, lookedUp.found);
    if (lookedUp === 'gone') return awaitPerson(claim, payout.errorMessage ?? 'the account is gone');
    if (lookedUp === 'differs') return awaitDecision(payout);
    const message = payout.errorMessage ?? 'retries exhausted';
    if (isOver) return lookedUp === 'absent' ? miss(claim, message) : awaitLookUp(payout, message);
    if (lookedUp === 'unavailable' && payout.waitingFor === 'amount_differs') return awaitDecision(payout);
    if (lookedUp === 'unavailable')
      return fail(claim, 'the key is too old to be used again', lookedUp, false);
    return askPayout(db, { payoutId: payout.id, now: true, spentKey: claim.idempotencyKey });
  }

  async function attempt(request: { readonly payoutId: string } & AttemptRequest): Promise<PayoutAttempt> {
    const first = await askPayout(db, request);
    if (first.kind === 'ask' && first.payout.givenUpAt !== null) return giveUpUnlessThere(first, GIVEN_UP);
    const claim = first.kind === 'ask' ? await lookFirst(first) : first;
    if ('ended' in claim) return claim;
    if (claim.kind === 'not_due') return waiting(claim.payout);
    if (claim.kind !== 'ask') return ended(claim.payout);
    const { payout, stripeAccountId, idempotencyKey } = claim;
    const { id: payoutId, amountMinor, currency } = payout;
    return judge(
      claim,
      await stripe.createPayout({ payoutId, stripeAccountId, amountMinor, currency, idempotencyKey }),
    );
  }

  async function settle(payoutId: string, word: Parameters<typeof settlePayout>[2]) {
    const settled = await settlePayout(db, payoutId, word);
    for (const reversal of settled.funded) await engine.retryReversal(reversal);
    log.info({ payoutId, word, status: settled.payout.status }, 'payout settled');
    return settled;
  }

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
    async openPayout({ payoutId }: PayoutRequest): Promise<PayoutOpening> {
      const ask = await readAsk<AskedPayout>(db, 'payout', payoutId);
      return openPayout(db, { payoutId, ask }, { minimumMinor: settings.payoutMinimumMinor });
    },

    /** One attempt to make a payout; everything but an unreachable database comes back as its result. */
    async attemptPayout(request: { readonly payoutId: string } & AttemptRequest): Promise<PayoutAttempt> {
      if (!policy.enabled) throw notServedHere('TRANSFER_RETRY_WORKER_ENABLED', policy.intervalMs);
      return whileHeartbeating(() => attempt(request));
    },

    /** An operator ends the retries from Temporal's UI: the seller has the money back, once Stripe's list shows that it was not sent. */
    async giveUpPayout(payoutId: string, reason: string): Promise<PayoutAttempt> {
      return whileHeartbeating(async () => {
        const claim = await askPayout(db, { payoutId, now: true });
        if (claim.kind !== 'ask') return ended(claim.payout);
        return giveUpUnlessThere(claim, reason);
      });
    },

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

/** Rows that are not asked for again: only Stripe's list can end them. */
const ONLY_LOOKED_FOR: ReadonlySet<PayoutWait> = new Set(['look_up', 'last_look']);

function wordOf({ status, stripePayoutId, failureMessage }: StripePayout): PayoutReport | null {
  if (status === 'paid') return { status, stripePayoutId, message: null };
  if (status !== 'failed' && status !== 'canceled') return null;
  return { status: 'failed', stripePayoutId, message: failureMessage ?? `the payout is ${status}` };
}

const isOpen = ({ status, externalPayoutId }: Payout) => status === 'pending' && externalPayoutId === null;

const ended = (payout: Payout): PayoutAttempt => ({
  ended: true,
  status: payout.status === 'pending' ? 'accepted' : payout.status,
  message: payout.errorMessage,
  retryCount: payout.retryCount,
  idempotencyKey: payout.idempotencyKey,
});

function waiting(payout: Payout): PayoutAttempt {
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
