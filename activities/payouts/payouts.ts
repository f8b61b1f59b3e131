import { backoffDelayMs, type AttemptRequest } from '../../domain/kernel/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { PayoutWait } from '../../domain/payouts/payout-machine.ts';
import type { PayoutOpening, PayoutRequest, AskedPayout } from '../../domain/payouts/messages.ts';
import { askPayout, type PayoutClaim } from '../../db/payouts/ask.ts';
import { readAsk, raiseFlag } from '../../db/kernel/index.ts';
import { openPayout } from '../../db/payouts/open.ts';
import { acceptPayout, missPayout, postponePayout } from '../../db/payouts/postpone.ts';
import type { Postponement } from '../../db/marketplace/index.ts';
import { recordAccountGone } from '../../db/sellers/index.ts';
import type { Payout } from '../../db/payouts/schema.ts';
import type { CreatePayoutOutcome } from '../../providers/stripe/outcomes.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { PayoutDeps } from './deps.ts';
import { GIVEN_UP, whileHeartbeating, notServedHere } from '../kernel/index.ts';
import { type LookedUp, payoutLookUps } from './payout-look-ups.ts';
import { ended, isOpen, type PayoutAttempt, waiting } from './payout-results.ts';
import { payoutSettlement } from './settle-payout.ts';

type Ask = Extract<PayoutClaim, { kind: 'ask' }>;
type Postponed = Postponement<PayoutWait>;
type Why = Omit<Postponed, 'nextRetryAtMs' | 'released'> & Partial<Pick<Postponed, 'released'>>;

export function createPayoutActivities(deps: PayoutDeps) {
  const { db, stripe, settings, log } = deps;
  const { transfer: policy } = settings;
  const { isAsAsked, lookUp } = payoutLookUps(deps);
  const settle = payoutSettlement(deps);

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
  };
}

/** Rows that are not asked for again: only Stripe's list can end them. */
const ONLY_LOOKED_FOR: ReadonlySet<PayoutWait> = new Set(['look_up', 'last_look']);
