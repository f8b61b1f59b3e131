import { eq } from 'drizzle-orm';
import {
  backoffDelayMs,
  isStripeId,
  keyGeneration,
  formatMoney,
  type Attempt,
  type AttemptRequest,
} from '../../domain/kernel/index.ts';
import { transferWorkflowId } from '../../domain/marketplace/ids.ts';
import type { TransferStatus, TransferWait } from '../../domain/marketplace/transfer-machine.ts';
import { askTransfer, type TransferClaim } from '../../db/marketplace/transfers/ask.ts';
import { completeTransfer, isBookable } from '../../db/marketplace/transfers/complete.ts';
import {
  giveUpTransfer,
  missTransfer,
  type Postponement,
  postponeTransfer,
} from '../../db/marketplace/transfers/postpone.ts';
import { MissingRow, raiseFlag } from '../../db/kernel/index.ts';
import { readStripeAccount, recordAccountGone } from '../../db/sellers/index.ts';
import { readTransferChain } from '../../db/marketplace/transfers/chain.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import { type Transfer, sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import { KEY_TOO_OLD_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';
import type { CreateTransferOutcome, StripeTransfer } from '../../providers/stripe/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating, notServedHere, retryLater } from '../kernel/index.ts';
import { refreshAccount } from './refresh-account.ts';

type TransferAttempt = Attempt<TransferStatus>;
type MadeTransfer = Pick<StripeTransfer, 'stripeTransferId' | 'amountMinor' | 'currency'>;
type Found = { readonly found: MadeTransfer };
type Ask = Extract<TransferClaim, { kind: 'ask' }>;
type Claim = TransferClaim | { readonly kind: 'account_gone'; readonly transfer: Transfer };
/** What Stripe's own list says of our transfer. */
type LookedUp = Found | 'absent' | 'differs' | 'unavailable';

/** Stripe's words for an account that cannot receive yet: no failed attempt, and `account.updated` wakes it. */
const CANNOT_RECEIVE: ReadonlySet<string | undefined> = new Set(['insufficient_capabilities_for_transfer']);

export function createTransferActivities(deps: MarketplaceDeps) {
  const { db, engine, stripe, settings, log } = deps;
  const { transfer: policy } = settings;

  /**
   * Whether Stripe made what we asked for. If not, it is neither booked nor sent again: a person decides. A refund
   * since the call does not make it differ.
   */
  async function isAsAsked(transfer: Transfer, made: MadeTransfer): Promise<boolean> {
    if (await isBookable(db, transfer, made)) return true;
    const theirs = formatMoney(made.amountMinor, made.currency);
    const ours = formatMoney(transfer.amountMinor, transfer.currency);
    const said = `${made.stripeTransferId} at Stripe is of ${theirs}, our transfer of ${ours}`;
    await raiseFlag(db, 'amount_differs', transferWorkflowId(transfer.id), said);
    return false;
  }

  /** Looks for our transfer at Stripe under every row of its chain. */
  async function lookUp(transfer: Transfer): Promise<LookedUp> {
    for (const row of await readTransferChain(db, transfer)) {
      // Stripe cannot have a row that it was never asked for; a row that was sent and taken back is not this money.
      if (row.stripeAccountId === null || row.stripeTransferId !== null) continue;
      const listed = await stripe.findTransfer({ orderId: row.orderId, transferId: row.id });
      if (listed.kind === 'not_found') continue;
      if (listed.kind !== 'found') return 'unavailable';
      // A transfer that somebody took back whole at Stripe does not count any more, unless it is the one that we
      // asked for.
      const standing = [listed.transfer, ...listed.duplicates].find(
        (made) => !made.reversed || isSameMoney(transfer, made),
      );
      if (standing === undefined) continue;
      return (await isAsAsked(transfer, standing)) ? { found: standing } : 'differs';
    }
    return 'absent';
  }

  async function complete(
    transferId: string,
    { stripeTransferId, amountMinor }: Pick<MadeTransfer, 'stripeTransferId' | 'amountMinor'>,
  ): Promise<TransferAttempt> {
    const { transfer, reversals, funded } = await completeTransfer(
      db,
      transferId,
      stripeTransferId,
      amountMinor,
    );
    for (const reversal of reversals) await engine.startReversal(reversal);
    for (const reversal of funded) await engine.retryReversal(reversal);
    log.info({ transferId, stripeTransferId, reversals: reversals.length }, 'transfer completed');
    return ended(transfer);
  }

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

  async function readRow(transferId: string): Promise<Transfer> {
    const [transfer] = await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, transferId));
    if (transfer === undefined) throw new MissingRow('transfer', transferId);
    return transfer;
  }

  /** Stripe's id of our transfer: the row's, or the named one if Stripe says that it is this transfer. */
  async function ownAtStripe(transfer: Transfer, named: string): Promise<string | null> {
    if (transfer.stripeTransferId !== null) return transfer.stripeTransferId;
    if (!isStripeId('tr', named)) return null;
    const read = await stripe.readTransfer(named);
    if (read.kind === 'no_such_transfer' || read.kind === 'refused') return null;
    if (read.kind !== 'transfer') {
      throw retryLater('stripe_unreadable', 'the transfer cannot be read', policy);
    }
    const { transferId: whose, amountMinor, currency } = read.transfer;
    const isOurs =
      whose === transfer.id && amountMinor === transfer.amountMinor && currency === transfer.currency;
    return isOurs ? named : null;
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

    /** Books what Stripe lists of a transfer's reversals that are not ours. `named` is a hint: it may be anybody's transfer. */
    async bookOutsideReversals(transferId: string, named: string): Promise<void> {
      await whileHeartbeating(async () => {
        const row = await readRow(transferId);
        const stripeTransferId = await ownAtStripe(row, named);
        if (stripeTransferId === null) return;
        const listed = await stripe.listReversals(stripeTransferId);
        if (listed.kind !== 'reversals') {
          throw retryLater('stripe_unreadable', "the transfer's reversals cannot be read", policy);
        }
        // Stripe may have sent it, and the answer was lost: reversals of others cover ours before ours are asked for.
        const isUnanswered = row.status === 'pending' || row.status === 'failed';
        const completed = isUnanswered ? await completeTransfer(db, transferId, stripeTransferId) : null;
        await recordOutsideReversals(db, transferId, listed.reversals, null);
        if (completed === null) return;
        for (const reversal of completed.funded) await engine.retryReversal(reversal);
        await complete(transferId, { stripeTransferId, amountMinor: row.amountMinor });
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

const isSameMoney = (transfer: Transfer, made: MadeTransfer) =>
  made.amountMinor === transfer.amountMinor && made.currency === transfer.currency;

const ended = (transfer: Transfer): TransferAttempt => ({
  ended: true,
  status: transfer.status,
  message: transfer.errorMessage,
  retryCount: transfer.retryCount,
  idempotencyKey: transfer.idempotencyKey,
});

const standing = (transfer: Transfer): TransferAttempt =>
  transfer.status === 'pending' || transfer.status === 'failed' ? waiting(transfer) : ended(transfer);

function waiting(transfer: Transfer): TransferAttempt {
  const nextAttemptAtMs = transfer.nextRetryAt?.getTime() ?? Date.now();
  return {
    ended: false,
    retryCount: transfer.retryCount,
    nextAttemptAt: new Date(nextAttemptAtMs).toISOString(),
    delayMs: Math.max(nextAttemptAtMs - Date.now(), 0),
    lastError: transfer.errorMessage,
    waitingFor: transfer.waitingFor,
    generation: keyGeneration(transfer.idempotencyKey) + (transfer.askedAt === null ? 1 : 0),
    idempotencyKey: transfer.idempotencyKey,
  };
}
