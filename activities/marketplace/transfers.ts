import { backoffDelayMs, type AttemptRequest } from '../../domain/kernel/index.ts';
import type { TransferWait } from '../../domain/marketplace/transfer-machine.ts';
import { askTransfer, type TransferClaim } from '../../db/marketplace/transfers/ask.ts';
import {
  giveUpTransfer,
  missTransfer,
  type Postponement,
  postponeTransfer,
} from '../../db/marketplace/transfers/postpone.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { readStripeAccount, recordAccountGone } from '../../db/sellers/index.ts';
import type { Transfer } from '../../db/marketplace/transfers/schema.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { CreateTransferOutcome } from '../../providers/stripe/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating, notServedHere } from '../kernel/index.ts';
import { transferCompletion } from './complete-transfer.ts';
import { refreshAccount } from './refresh-account.ts';
import { type LookedUp, transferLookUps } from './transfer-look-ups.ts';
import { ended, standing, type TransferAttempt, waiting } from './transfer-results.ts';

type Ask = Extract<TransferClaim, { kind: 'ask' }>;
type Claim = TransferClaim | { readonly kind: 'account_gone'; readonly transfer: Transfer };

/** Stripe's words for an account that cannot receive yet: no failed attempt, and `account.updated` wakes it. */
const CANNOT_RECEIVE: ReadonlySet<string | undefined> = new Set(['insufficient_capabilities_for_transfer']);

export function createTransferActivities(deps: MarketplaceDeps) {
  const { db, stripe, settings } = deps;
  const { transfer: policy } = settings;
  const { isAsAsked, lookUp } = transferLookUps(deps);
  const complete = transferCompletion(deps);

  async function postpone(
    transfer: Transfer,
    delayMs: number,
    why: Omit<Postponement<TransferWait>, 'nextRetryAtMs'>,
  ) {
    const nextRetryAtMs = Date.now() + delayMs;
    return standing(await postponeTransfer(db, transfer.id, { ...why, nextRetryAtMs }));
  }

  /** Giving up while Stripe may have sent the money would send it twice later: only its list can end this. */
  const awaitLookUp = (transfer: Transfer, message: string) =>
    postpone(transfer, policy.maxMs, { message, counted: false, waitingFor: 'look_up', released: false });

  /** Neither booked nor asked for again until somebody has taken it back at Stripe. */
  const awaitDecision = (transfer: Transfer) =>
    postpone(transfer, policy.maxMs, {
      message: 'Stripe made a transfer of another amount',
      counted: false,
      waitingFor: 'amount_differs',
      released: false,
    });

  /** A call whose answer was lost may still be carried out: it takes two looks, further apart than any call runs. */
  const miss = async (transfer: Transfer, message: string) =>
    standing(await missTransfer(db, transfer.id, message, settings.stripeReadLagMs));

  /**
   * A failed attempt: counted, and retried until the retries are exhausted and Stripe's list shows nothing.
   * `isDefinite`: Stripe has refused the only call under its key, so none is under way.
   */
  async function fail(
    transfer: Transfer,
    message: string,
    lookedUp: LookedUp | null,
    isDefinite: boolean,
  ): Promise<TransferAttempt> {
    const counted = { message, counted: true, waitingFor: null };
    if (transfer.retryCount < policy.maxRetries) {
      return postpone(transfer, backoffDelayMs(transfer.retryCount, policy), {
        ...counted,
        released: lookedUp === 'absent',
      });
    }
    const last = lookedUp ?? (await lookUp(transfer));
    if (typeof last === 'object') return complete(transfer.id, last.found);
    if (last === 'differs') return awaitDecision(transfer);
    if (last === 'unavailable') return awaitLookUp(transfer, `${message}; Stripe's list cannot be read`);
    return isDefinite ? ended(await giveUpTransfer(db, transfer.id, message)) : miss(transfer, message);
  }

  async function judge(claim: Ask, outcome: CreateTransferOutcome): Promise<TransferAttempt> {
    const { transfer } = claim;
    if (outcome.kind === 'created') {
      return (await isAsAsked(transfer, outcome)) ? complete(transfer.id, outcome) : awaitDecision(transfer);
    }
    if (outcome.kind === 'rate_limited') {
      return postpone(transfer, outcome.retryAfterMs ?? policy.baseMs, {
        message: 'Stripe asked us to slow down',
        counted: false,
        waitingFor: 'rate_limit',
        released: false,
      });
    }
    if (outcome.kind === 'unauthorized') {
      await raiseFlag(db, 'stripe_refuses_our_key', 'stripe', outcome.message);
      return postpone(transfer, policy.baseMs, {
        message: outcome.message,
        counted: false,
        waitingFor: 'stripe_key',
        released: false,
      });
    }
    if (outcome.kind === 'account_gone') return awaitAccount(claim, outcome.message);
    const message = outcome.kind === 'unknown' ? outcome.reason : outcome.message;
    const lookedUp = permitsNewKey(outcome, Date.now() - claim.askedAtMs) ? await lookUp(transfer) : null;
    if (typeof lookedUp === 'object' && lookedUp !== null) return complete(transfer.id, lookedUp.found);
    if (lookedUp === 'differs') return awaitDecision(transfer);
    if (outcome.kind === 'insufficient_funds') {
      return postpone(transfer, policy.maxMs, {
        message,
        counted: false,
        waitingFor: 'platform_balance',
        released: lookedUp === 'absent',
      });
    }
    if (outcome.kind === 'refused' && CANNOT_RECEIVE.has(outcome.code)) {
      return postpone(transfer, policy.maxMs, {
        message,
        counted: false,
        waitingFor: 'stripe_account',
        released: lookedUp === 'absent',
      });
    }
    return fail(transfer, message, lookedUp, claim.isFirst && outcome.kind === 'refused');
  }

  /**
   * Does not count as a failed attempt. Once Stripe's list shows nothing, the next attempt uses a new key, and the
   * account that the seller has then.
   */
  async function awaitAccount({ transfer, destination }: Ask, message: string): Promise<TransferAttempt> {
    await recordAccountGone(db, destination, message);
    const lookedUp = await lookUp(transfer);
    if (typeof lookedUp === 'object') return complete(transfer.id, lookedUp.found);
    if (lookedUp === 'differs') return awaitDecision(transfer);
    const seller = await readStripeAccount(db, transfer.sellerId);
    const hasAnother = Boolean(seller?.stripeAccountId) && seller?.stripeAccountId !== destination;
    return postpone(transfer, hasAnother ? 0 : policy.maxMs, {
      message,
      counted: false,
      waitingFor: 'stripe_account',
      released: lookedUp === 'absent',
    });
  }

  /** A webhook may be lost, so Stripe is asked before a transfer goes on waiting for an account that is not ready. */
  async function claimOf(request: { transferId: string } & AttemptRequest): Promise<Claim> {
    const claim = await askTransfer(db, request);
    if (claim.kind !== 'account_not_ready') return claim;
    const account = await refreshAccount(deps, claim.transfer.sellerId);
    if (account === 'gone') return { ...claim, kind: 'account_gone' };
    return account?.transfersEnabled ? askTransfer(db, request) : claim;
  }

  /**
   * Looks before a key is used that Stripe may have forgotten, and before a retry row sends what its predecessor may
   * have sent.
   */
  async function lookFirst(claim: Ask, request: { transferId: string } & AttemptRequest) {
    const { transfer } = claim;
    const isDiffering = transfer.waitingFor === 'amount_differs';
    const isOver = transfer.waitingFor !== null && ONLY_LOOKED_FOR.has(transfer.waitingFor);
    const needed =
      isOver || isDiffering || transfer.retryOf !== null || Date.now() - claim.askedAtMs > KEY_TOO_OLD_MS;
    if (!needed) return claim;
    const lookedUp = await lookUp(transfer);
    if (typeof lookedUp === 'object') return complete(transfer.id, lookedUp.found);
    if (lookedUp === 'differs' || (isDiffering && lookedUp === 'unavailable')) return awaitDecision(transfer);
    const message = transfer.errorMessage ?? 'retries exhausted';
    if (isOver) return lookedUp === 'absent' ? miss(transfer, message) : awaitLookUp(transfer, message);
    if (lookedUp === 'unavailable') return fail(transfer, "Stripe's list cannot be read", lookedUp, false);
    if (!isDiffering && Date.now() - claim.askedAtMs <= KEY_TOO_OLD_MS) return claim;
    await postponeTransfer(db, transfer.id, {
      message: isDiffering
        ? 'what Stripe had made of another amount was taken back'
        : 'its idempotency key was too old to be used again',
      nextRetryAtMs: Date.now(),
      counted: false,
      waitingFor: null,
      released: true,
    });
    return askTransfer(db, { ...request, now: true });
  }

  async function unasked(claim: Exclude<Claim, Ask>): Promise<TransferAttempt> {
    if (claim.kind === 'ended') {
      const { id, stripeTransferId, amountMinor } = claim.transfer;
      // A worker that died after completing the transfer may have started none of the reversals that this opened.
      return stripeTransferId ? complete(id, { stripeTransferId, amountMinor }) : ended(claim.transfer);
    }
    if (claim.kind === 'not_due') return waiting(claim.transfer);
    const why = WAITS[claim.kind];
    return postpone(claim.transfer, policy.maxMs, { ...why, counted: false, released: false });
  }

  return {
    /** One attempt to send a transfer; everything but an unreachable database comes back as its result. */
    async attemptTransfer(
      request: { readonly transferId: string } & AttemptRequest,
    ): Promise<TransferAttempt> {
      if (!policy.enabled) throw notServedHere('TRANSFER_RETRY_WORKER_ENABLED', policy.intervalMs);
      return whileHeartbeating(async () => {
        const first = await claimOf(request);
        const claim = first.kind === 'ask' ? await lookFirst(first, request) : first;
        if ('ended' in claim) return claim;
        if (claim.kind !== 'ask') return unasked(claim);
        const { transfer, sourceTransaction } = claim;
        const outcome = await stripe.createTransfer({
          transferId: transfer.id,
          orderId: transfer.orderId,
          destination: claim.destination,
          amountMinor: claim.amountMinor,
          currency: transfer.currency,
          idempotencyKey: claim.idempotencyKey,
          ...(sourceTransaction !== null && { sourceTransaction }),
        });
        return judge(claim, outcome);
      });
    },
  };
}

/** Rows that are not asked for again: only Stripe's list can end them. */
const ONLY_LOOKED_FOR: ReadonlySet<TransferWait> = new Set(['look_up', 'last_look']);

const WAITS = {
  disputed: { message: 'the payment of the order is disputed', waitingFor: 'dispute' },
  no_account: { message: 'the seller has no Stripe account yet', waitingFor: 'stripe_account' },
  account_gone: {
    message: 'the seller’s Stripe account is gone: they have to connect another',
    waitingFor: 'stripe_account',
  },
  account_not_ready: {
    message: 'the seller’s Stripe account cannot receive transfers yet',
    waitingFor: 'stripe_account',
  },
} as const;
