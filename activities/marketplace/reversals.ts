import {
  backoffDelayMs,
  keyGeneration,
  type AttemptRequest,
  formatMoney,
} from '../../domain/kernel/index.ts';
import { reversalWorkflowId } from '../../domain/marketplace/ids.ts';
import type { ReversalWait } from '../../domain/marketplace/reversal-machine.ts';
import type { ReversalAdoption } from '../../domain/marketplace/messages.ts';
import { readReversalChain } from '../../db/marketplace/reversals/chain.ts';
import { adoptReversal } from '../../db/marketplace/reversals/adopt.ts';
import { askReversal, type ReversalClaim } from '../../db/marketplace/reversals/ask.ts';
import { completeReversal } from '../../db/marketplace/reversals/complete.ts';
import type { ReversalEnd } from '../../db/marketplace/reversals/end.ts';
import { postponeReversal } from '../../db/marketplace/reversals/postpone.ts';
import { raiseFlag, takeSlot } from '../../db/kernel/index.ts';
import { recordAccountGone } from '../../db/sellers/index.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import type { Reversal } from '../../db/marketplace/transfers/schema.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { CreateReversalOutcome, StripeReversal } from '../../providers/stripe/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';
import { GIVEN_UP, whileHeartbeating, notServedHere, retryLater } from '../kernel/index.ts';
import { directCallsPerSecond } from './stripe-pace.ts';
import { type AttemptWithin, createTakeBackActivities, type WithinRefund } from './take-back.ts';

export type ReversalAttempt = AttemptWithin;
type ReversalRequest = { readonly reversalId: string } & AttemptRequest;
type MadeReversal = Pick<StripeReversal, 'stripeReversalId' | 'amountMinor' | 'currency'>;
type Ask = Extract<ReversalClaim, { kind: 'ask' }>;
/** What Stripe's own list says of our reversal. */
type LookedUp = { readonly found: string } | 'absent' | 'unavailable';

/** How far direct attempts may run ahead of their steady pace. */
const DIRECT_BURST = 4;

export function createReversalActivities(deps: MarketplaceDeps) {
  const { db, stripe, settings, log } = deps;
  const { reversal: policy } = settings;

  async function end(reversalId: string, how: ReversalEnd): Promise<ReversalAttempt> {
    const reversal = await completeReversal(db, reversalId, how);
    log.info({ reversalId, status: reversal.status, message: reversal.errorMessage }, 'reversal ended');
    return ended(reversal);
  }

  /** Whether Stripe made what we asked for. If not, it is neither booked nor asked for again: a person decides. */
  async function isAsAsked({ reversal, amountMinor, transfer }: Ask, made: MadeReversal): Promise<boolean> {
    if (made.amountMinor === amountMinor && made.currency === transfer.currency) return true;
    const theirs = formatMoney(made.amountMinor, made.currency);
    const said = `${made.stripeReversalId} at Stripe is of ${theirs}, our reversal of ${formatMoney(amountMinor, transfer.currency)}`;
    await raiseFlag(db, 'amount_differs', reversalWorkflowId(reversal.id), said);
    return false;
  }

  /** Lists the transfer's reversals: finds ours by its metadata; those of others are booked and cover ours. */
  async function lookUp(claim: Ask): Promise<LookedUp> {
    const listed = await stripe.listReversals(claim.stripeTransferId);
    if (listed.kind !== 'reversals') return 'unavailable';
    const ids = new Set([claim.reversal.id, ...claim.predecessors]);
    const ours = listed.reversals.find((seen) => seen.reversalId !== null && ids.has(seen.reversalId));
    if (ours) return (await isAsAsked(claim, ours)) ? { found: ours.stripeReversalId } : 'unavailable';
    await recordOutsideReversals(db, claim.transfer.id, listed.reversals, claim.reversal.id);
    return 'absent';
  }

  async function postpone(
    reversalId: string,
    delayMs: number,
    why: { message: string; counted: boolean; waitingFor: ReversalWait | null },
    spentKey: string | null,
  ): Promise<ReversalAttempt> {
    const nextRetryAtMs = Date.now() + delayMs;
    const reversal = await postponeReversal(db, reversalId, { ...why, nextRetryAtMs, spentKey });
    return reversal.status === 'pending' ? waiting(reversal) : ended(reversal);
  }

  /** The key that can do nothing any more, where Stripe's list was read after its attempt. */
  const spentKey = (claim: Ask, lookedUp: LookedUp | null) =>
    lookedUp === 'absent' ? claim.idempotencyKey : null;

  /** A failed attempt: counted, and retried until the retries are exhausted. */
  async function fail(claim: Ask, message: string, lookedUp: LookedUp | null): Promise<ReversalAttempt> {
    const { id, retryCount } = claim.reversal;
    if (retryCount < policy.maxRetries) {
      const counted = { message, counted: true, waitingFor: null };
      return postpone(id, backoffDelayMs(retryCount, policy), counted, spentKey(claim, lookedUp));
    }
    // Once more: a last attempt whose answer was lost may have worked.
    const last = lookedUp ?? (await lookUp(claim));
    if (typeof last === 'object') return end(id, { reversed: last.found });
    return end(id, { failed: message });
  }

  async function judge(
    claim: Ask,
    outcome: CreateReversalOutcome,
    withinRefund: boolean,
  ): Promise<ReversalAttempt> {
    const { id } = claim.reversal;
    switch (outcome.kind) {
      case 'created': {
        if (await isAsAsked(claim, outcome))
          return end(id, { reversed: outcome.stripeReversalId, withinRefund });
        const message = 'Stripe made a reversal of another amount';
        return postpone(id, policy.maxMs, { message, counted: false, waitingFor: 'amount_differs' }, null);
      }
      case 'no_such_transfer':
        return end(id, { failed: outcome.message });
      case 'rate_limited': {
        const wait = {
          message: 'Stripe asked us to slow down',
          counted: false,
          waitingFor: 'rate_limit',
        } as const;
        return postpone(id, outcome.retryAfterMs ?? policy.baseMs, wait, null);
      }
      case 'unauthorized': {
        await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', outcome.message);
        const wait = { message: outcome.message, counted: false, waitingFor: 'stripe_key' } as const;
        return postpone(id, policy.baseMs, wait, null);
      }
      default:
        return judgeRefusal(claim, outcome);
    }
  }

  async function judgeRefusal(
    claim: Ask,
    outcome: Exclude<
      CreateReversalOutcome,
      { kind: 'created' | 'no_such_transfer' | 'rate_limited' | 'unauthorized' }
    >,
  ): Promise<ReversalAttempt> {
    const { id } = claim.reversal;
    const message = outcome.kind === 'unknown' ? outcome.reason : outcome.message;
    const lookedUp = permitsNewKey(outcome, Date.now() - claim.askedAtMs) ? await lookUp(claim) : null;
    if (typeof lookedUp === 'object' && lookedUp !== null) return end(id, { reversed: lookedUp.found });
    if (outcome.kind === 'account_gone') return endAtGoneAccount(claim, message, lookedUp);
    if (outcome.kind !== 'insufficient_funds') return fail(claim, message, lookedUp);
    await raiseFlag(db, 'seller_funds_short', reversalWorkflowId(id), message);
    const wait = { message, counted: false, waitingFor: 'seller_funds' } as const;
    return postpone(id, policy.maxMs, wait, spentKey(claim, lookedUp));
  }

  /**
   * Nothing can be taken back out of a closed account: a person settles the reversal, or retries it if the account
   * comes back.
   */
  async function endAtGoneAccount(
    claim: Ask,
    message: string,
    lookedUp: Exclude<LookedUp, object> | null,
  ): Promise<ReversalAttempt> {
    const { stripeAccountId } = claim.transfer;
    if (stripeAccountId !== null) await recordAccountGone(db, stripeAccountId, message);
    // An earlier attempt whose answer was lost may have worked: only the list can say.
    if (lookedUp !== 'absent') return fail(claim, message, lookedUp);
    return end(claim.reversal.id, { failed: message });
  }

  /**
   * Looks before a key is used that Stripe may have forgotten, and before a retry row repeats what its predecessor
   * may have done.
   */
  async function lookFirst(claim: Ask): Promise<ReversalClaim | ReversalAttempt> {
    const tooOld = Date.now() - claim.askedAtMs > KEY_TOO_OLD_MS;
    if (!tooOld && claim.predecessors.length === 0) return claim;
    const lookedUp = await lookUp(claim);
    if (typeof lookedUp === 'object') return end(claim.reversal.id, { reversed: lookedUp.found });
    if (lookedUp === 'unavailable') return fail(claim, "the transfer's reversals cannot be read", lookedUp);
    const { id } = claim.reversal;
    if (tooOld) return askReversal(db, { reversalId: id, now: true, spentKey: claim.idempotencyKey });
    const again = await askReversal(db, { reversalId: id, now: true });
    // Reversals of others have covered a part meanwhile: a key stands for one amount, so the rest takes a new one.
    return again.kind === 'ask' && again.amountMinor !== claim.amountMinor
      ? askReversal(db, { reversalId: id, now: true, spentKey: claim.idempotencyKey })
      : again;
  }

  /** Stripe is not asked again; a reversal that it has already counts. */
  async function giveUp(claim: Ask, reason: string): Promise<ReversalAttempt> {
    const lookedUp = await lookUp(claim);
    return end(
      claim.reversal.id,
      typeof lookedUp === 'object' ? { reversed: lookedUp.found } : { failed: reason },
    );
  }

  async function attempt(request: ReversalRequest, within?: WithinRefund): Promise<ReversalAttempt> {
    const first = await askReversal(db, request);
    const claim = first.kind === 'ask' ? await lookFirst(first) : first;
    if ('ended' in claim) return claim;
    if (claim.kind === 'ended') return ended(claim.reversal);
    if (claim.kind === 'not_due') return waiting(claim.reversal);
    const { reversal } = claim;
    if (reversal.givenUpAt !== null) return giveUp(claim, GIVEN_UP);
    const outcome = await stripe.createReversal({
      stripeTransferId: claim.stripeTransferId,
      reversalId: reversal.id,
      ...(reversal.refundId !== null && { refundId: reversal.refundId }),
      amountMinor: claim.amountMinor,
      idempotencyKey: claim.idempotencyKey,
      ...(within && { timeoutMs: within.answerWithinMs }),
    });
    return judge(claim, outcome, within !== undefined);
  }

  /** `queue`: the shared limit has no call to spare, or another worker serves this work. */
  async function attemptUnqueued(
    request: ReversalRequest,
    within?: WithinRefund,
  ): Promise<ReversalAttempt | 'queue'> {
    if (!policy.enabled) return 'queue';
    const perSecond = directCallsPerSecond(settings.stripeMaxRps);
    const free = await takeSlot(db, 'stripe', { perSecond, burst: DIRECT_BURST });
    return free ? attempt(request, within) : 'queue';
  }

  return {
    /**
     * One attempt, in its turn on the rate-limited queue. It returns every outcome; only an unreachable database
     * throws.
     */
    async attemptReversal(request: ReversalRequest): Promise<ReversalAttempt> {
      if (!policy.enabled) throw notServedHere('REVERSAL_WORKER_ENABLED', policy.intervalMs);
      return whileHeartbeating(() => attempt(request));
    },

    /** The first attempt of a reversal's workflow, without queueing, as long as the shared limit has a call to spare. */
    attemptReversalDirectly: (request: ReversalRequest): Promise<ReversalAttempt | 'queue'> =>
      attemptUnqueued(request),

    ...createTakeBackActivities(deps, attemptUnqueued),

    /**
     * Looks at Stripe for a reversal that a person had ended, and books what Stripe carried out after all. Asked again
     * until Stripe's list can be read.
     */
    async adoptReversal(reversalId: string): Promise<ReversalAdoption> {
      if (!policy.enabled) throw notServedHere('REVERSAL_WORKER_ENABLED', policy.intervalMs);
      return whileHeartbeating(async () => {
        const { stripeTransferId, ids } = await readReversalChain(db, reversalId);
        const listed = stripeTransferId ? await stripe.listReversals(stripeTransferId) : NOTHING;
        if (listed.kind === 'unauthorized')
          await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', listed.message);
        if (listed.kind !== 'reversals' && listed.kind !== 'no_such_transfer')
          throw retryLater('stripe_unreadable', "the transfer's reversals cannot be read", policy);
        const reversals = listed.kind === 'reversals' ? listed.reversals : [];
        const ours = reversals.filter((seen) => seen.reversalId !== null && ids.includes(seen.reversalId));
        const adoption = await adoptReversal(db, reversalId, ours);
        log.info({ reversalId, ...adoption }, 'reversal looked for after it had ended');
        return adoption;
      });
    },

    /** An operator ends the retries from Temporal's UI: the reversal fails for good, unless Stripe has it. */
    async giveUpReversal(reversalId: string, reason: string): Promise<ReversalAttempt> {
      return whileHeartbeating(async () => {
        const claim = await askReversal(db, { reversalId, now: true });
        if (claim.kind !== 'ask') return ended(claim.reversal);
        return giveUp(claim, reason);
      });
    },
  };
}

/** Stripe's empty list for a transfer that it never made. */
const NOTHING = { kind: 'reversals', reversals: [] } as const;

const ended = (reversal: Reversal): ReversalAttempt => ({
  ended: true,
  status: reversal.status,
  message: reversal.errorMessage,
  retryCount: reversal.retryCount,
  idempotencyKey: reversal.idempotencyKey,
  ...(reversal.doneWithinRefund && { withinRefund: true }),
});

function waiting(reversal: Reversal): ReversalAttempt {
  const nextAttemptAtMs = reversal.nextRetryAt?.getTime() ?? Date.now();
  return {
    ended: false,
    retryCount: reversal.retryCount,
    nextAttemptAt: new Date(nextAttemptAtMs).toISOString(),
    delayMs: Math.max(nextAttemptAtMs - Date.now(), 0),
    lastError: reversal.errorMessage,
    waitingFor: reversal.waitingFor,
    generation: Math.max(keyGeneration(reversal.idempotencyKey), 1) + (reversal.needsNewKey ? 1 : 0),
    idempotencyKey: reversal.idempotencyKey,
  };
}
