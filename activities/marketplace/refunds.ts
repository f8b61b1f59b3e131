import { activityInfo, ApplicationFailure, Context } from '@temporalio/activity';
import type { RefundStatus } from '../../domain/marketplace/refund-machine.ts';
import type { Evidence } from '../../domain/kernel/index.ts';
import type { RefundOpening, RefundRequest, RefundReport } from '../../domain/marketplace/messages.ts';
import { askRefund, type RefundAsk, unaskRefund } from '../../db/marketplace/refunds/ask.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { openRefund } from '../../db/marketplace/refunds/open.ts';
import type { ReversalWork } from '../../db/marketplace/labels.ts';
import { purchaseOf } from '../../db/marketplace/purchase.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import type { CreateRefundOutcome } from '../../providers/hyperswitch/outcomes.ts';
import { refundVerdict } from '../../providers/hyperswitch/verdicts.ts';
import type { MarketplaceDeps } from './deps.ts';
import { followUp } from './follow-up.ts';
import { retryLater, whileHeartbeating, withoutSentence } from '../kernel/index.ts';
import { type Asked, createRefusalJudge } from './refund-refusals.ts';
import { refundReportFor, refundWithPayment } from './reports.ts';

export interface SettledVerdict {
  /** Nothing confirms the hint: nothing was booked. */
  readonly unconfirmed: boolean;
  /** The PSP did something that cannot be booked: people are told, and the refund waits, unless it has ended. */
  readonly held?: true;
  /** The row's status now. */
  readonly status: RefundStatus;
  /** Reversals that this settlement has opened, and that nobody asks for yet. Older histories do not have it. */
  readonly reversals?: readonly ReversalWork[];
}

/**
 * Most webhooks come within a second of the answer. An attempt that waits for it lets the report end phase 2, and
 * saves the refund a workflow task and five events; see ADR 0004.
 */
const LINGER_MS = 1_000;

export function createRefundActivities(deps: MarketplaceDeps) {
  const { db, engine, psp, purchases, settings, log } = deps;
  const { accept, judgeRefusal } = createRefusalJudge(deps);

  /**
   * Judges an answer. Anything but a refund that stands is looked up by our id first: an attempt whose worker died
   * may have succeeded, and a connector's refusal may concern an earlier call.
   */
  async function judge(ask: RefundAsk, outcome: CreateRefundOutcome): Promise<Asked> {
    const refundId = ask.refund.id;
    if (outcome.kind === 'refund' && refundVerdict(outcome.refund.status) !== 'failed') {
      return accept(refundId, outcome.refund);
    }
    if (outcome.kind === 'unauthorized') {
      await unaskRefund(db, refundId, ask.mayExistSince);
      await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', outcome.message);
      throw retryLater('psp_refuses_our_key', 'the PSP refuses our key', settings.psp);
    }
    const found = await psp.readRefund(refundId);
    if (found.kind === 'refund') return accept(refundId, found.refund);
    if (found.kind === 'not_found' && outcome.kind === 'refund') return accept(refundId, outcome.refund);
    if (found.kind === 'not_found' && outcome.kind === 'refused') return judgeRefusal(ask, outcome);
    const reason =
      outcome.kind === 'unknown'
        ? withoutSentence(outcome.reason)
        : 'the PSP refused, and its word could not be looked up';
    throw retryLater(
      'psp_unknown_outcome',
      reason,
      settings.psp,
      outcome.kind === 'unknown' ? outcome.retryAfterMs : 0,
    );
  }

  async function markWaiting(refundId: string, error: unknown): Promise<void> {
    const { attempt, scheduledTimestampMs } = activityInfo();
    if (Date.now() - scheduledTimestampMs < settings.pspWaitingAfterMs) return;
    // Ours say a status or a code; others may quote anything.
    const lastError = error instanceof ApplicationFailure ? error.message : 'error';
    try {
      await engine.markRefundWaiting(refundId, { attempt, lastError });
    } catch (cause) {
      // The mark is for people; the refund itself does not depend on it.
      log.warn({ refundId, err: cause }, 'the refund could not be marked as waiting for the PSP');
    }
  }

  async function unconfirmed(refundId: string): Promise<SettledVerdict> {
    const { refund } = await refundWithPayment(deps, refundId);
    return { unconfirmed: true, status: refund.status };
  }

  return {
    async openRefund({ refundId }: RefundRequest): Promise<RefundOpening> {
      return openRefund(db, { refundId }, purchases);
    },

    /** Phase 2: asks the PSP for the refund, under our id, until its answer is known. */
    async askProvider(refundId: string): Promise<Asked> {
      const claim = await askRefund(db, refundId, purchases);
      if (claim.kind === 'not_needed') return { accepted: false };
      if (claim.kind === 'given_up') return { givenUp: true };
      if (claim.kind === 'no_payment') return { refusedBecause: `the ${claim.of} has no payment` };
      const { refund, paymentId } = claim;
      const purchase = purchaseOf(refund);
      const asked = await whileHeartbeating(async () => {
        try {
          const outcome = await psp.createRefund({
            refundId,
            paymentId,
            amountMinor: refund.amountMinor,
            idempotencyKey: refundId,
            reason: 'requested_by_customer',
            metadata: { [`${purchase.kind}_id`]: purchase.id },
          });
          return await judge(claim, outcome);
        } catch (error) {
          await markWaiting(refundId, error);
          throw error;
        }
      });
      if ('accepted' in asked) await linger();
      return asked;
    },

    /**
     * Phase 3, the good end: one transaction. The reversals that it opens are the workflow's to ask for; of a repeat,
     * those that are open have workflows of their own, or get them.
     */
    async settleRefund(refundId: string, evidence: Evidence<RefundReport>): Promise<SettledVerdict> {
      const verdict = await refundReportFor(deps, refundId, evidence);
      if (verdict?.status !== 'succeeded') return unconfirmed(refundId);
      const settled = await settleRefund(db, refundId, verdict, purchases);
      if (settled === 'held') {
        log.error({ refundId, done: verdict.done }, 'the PSP gave back what cannot be booked');
        const { refund } = await refundWithPayment(deps, refundId);
        return { unconfirmed: false, held: true, status: refund.status };
      }
      const { isRepeat = false, reversals } = settled;
      await followUp(engine, { ...settled, reversals: isRepeat ? reversals : [] });
      log.info({ refundId, reversals: reversals.length }, 'refund succeeded');
      return { unconfirmed: false, status: 'succeeded', reversals: isRepeat ? [] : reversals };
    },

    async failRefund(refundId: string, evidence: Evidence<RefundReport>): Promise<SettledVerdict> {
      const verdict = await refundReportFor(deps, refundId, evidence);
      if (verdict?.status !== 'failed') return unconfirmed(refundId);
      const message = verdict.message ?? 'the PSP gave no reason';
      const { status } = await failRefund(db, refundId, { message, saidAt: verdict.saidAt }, purchases);
      log.info({ refundId, status, message }, 'refund failed at the PSP');
      return { unconfirmed: false, status };
    },

    /** Reads a refund at the PSP after a signal without a stored webhook; null while it is open there. */
    async readRefundVerdict(refundId: string): Promise<RefundReport | null> {
      const { refund, paymentId } = await refundWithPayment(deps, refundId);
      const providerRefundId = refund.hyperswitchRefundId ?? refundId;
      return whileHeartbeating(async () => {
        const found = await psp.readRefund(providerRefundId);
        if (found.kind === 'not_found') return null;
        if (found.kind !== 'refund') {
          throw retryLater('psp_unknown_outcome', 'the refund could not be read', settings.psp);
        }
        const status = refundVerdict(found.refund.status);
        if (status === 'waiting' || found.refund.paymentId !== paymentId) return null;
        const { errorMessage: message, updatedAt, amountMinor, currency } = found.refund;
        const saidAt = updatedAt === null ? {} : { saidAt: updatedAt };
        return { status, providerRefundId, message, done: { amountMinor, currency }, ...saidAt };
      });
    },
  };
}

async function linger(): Promise<void> {
  const { cancellationSignal } = Context.current();
  if (cancellationSignal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      cancellationSignal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, LINGER_MS);
    cancellationSignal.addEventListener('abort', done);
  });
}
