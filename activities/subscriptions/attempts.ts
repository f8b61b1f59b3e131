import { activityInfo } from '@temporalio/activity';
import type { PspAnswer } from '../../domain/subscriptions/asks.ts';
import { classifyDecline, refusedCharge } from '../../domain/subscriptions/decline.ts';
import { secretLifeSeconds } from '../../domain/subscriptions/secret-life.ts';
import type { Done } from '../../domain/subscriptions/step.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { flagUnreadPayment } from '../../db/subscriptions/flag-unread-payment.ts';
import { SILENT_AFTER_MS } from '../../db/subscriptions/advance.ts';
import { askAttempt, type AttemptToAsk } from '../../db/subscriptions/attempts/ask.ts';
import { mayStillArrive } from '../../db/subscriptions/attempts/may-arrive.ts';
import {
  forgetAttemptAnswer,
  markAttemptLooked,
  markEndTried,
  noteSilence,
  recordAttemptAnswer,
} from '../../db/subscriptions/attempts/record-answer.ts';
import { readSubscriptionLabel } from '../../db/subscriptions/label.ts';
import {
  type CreatePaymentOutcome,
  isRefusedRead,
  type PspPayment,
} from '../../providers/hyperswitch/outcomes.ts';
import { attemptReportOf } from '../../providers/webhooks/attempt-report.ts';
import { retryLater, whileHeartbeating } from '../kernel/index.ts';
import { unread } from '../marketplace/index.ts';
import type { SubscriptionDeps } from './deps.ts';
import { attemptSettlement, failedAttempt, type OwnedAttempt } from './settled.ts';
import { standingOf } from './standing.ts';

/** The bank wants the buyer, who is not there: such a charge is ended, and never tried again without them. */
const WANTS_THE_BUYER = 'requires_customer_action';
/** A call that was under way has arrived by then, or never will: an attempt of the activity is shorter. */
const CALL_ARRIVED_MS = 60_000;

/** So often a payment that cannot be read is looked at in a row. */
export const LOOKS_AT_A_TIME = 6;

/** How the PSP answered, and what is next. */
export type Asked = Done & { readonly psp: PspAnswer };

export function createAttemptActivities(deps: SubscriptionDeps) {
  const { db, psp, engine, settings } = deps;
  const { next, settle, attemptOf } = attemptSettlement(deps);

  const call = ({ attempt, userId, card }: AttemptToAsk): Promise<CreatePaymentOutcome> => {
    const { id: paymentId, amountMinor, currency } = attempt;
    const of = { paymentId, customerId: userId, amountMinor, currency, idempotencyKey: paymentId };
    return card === null
      ? psp.createFirstPayment({ ...of, expiresInSeconds: secretLifeSeconds(settings.billing) })
      : psp.chargeCard({ ...of, paymentMethodId: card });
  };

  const keepAnswer = (attemptId: string, payment: PspPayment) =>
    recordAttemptAnswer(db, attemptId, payment, secretLifeSeconds(settings.billing));

  /** Operators see that the PSP has been silent for long; the call is repeated under the same id without end. */
  async function tellSilence(owned: OwnedAttempt, reason: string): Promise<void> {
    if (!(await noteSilence(db, owned.attempt.id, reason, SILENT_AFTER_MS))) return;
    const label = await readSubscriptionLabel(db, owned.subscriptionId);
    if (label !== undefined) await engine.wakeSubscription(label);
  }

  const flagUnreadable = ({ attempt, subscriptionId }: OwnedAttempt, reason: string) =>
    flagUnreadPayment(db, subscriptionId, attempt.id, reason);

  /** While it is pending it is looked at again within the hour: it holds up nothing else of its subscription until then. */
  const isLeftForLater = ({ attempt }: OwnedAttempt) =>
    attempt.status === 'pending' && activityInfo().attempt >= LOOKS_AT_A_TIME;

  /** Goes on from how the PSP says that a payment stands. Only a final word settles. */
  async function goOn(owned: OwnedAttempt, payment: PspPayment, isAsking: boolean): Promise<Done> {
    const { attempt } = owned;
    const standing = standingOf(payment, attempt.onSession);
    if (standing === 'captured' && isAsking) {
      // Its webhook says so too, and whoever is first settles; until then nothing is given for it.
      await keepAnswer(attempt.id, payment);
      return next(owned.subscriptionId);
    }
    if (standing === 'captured' || standing === 'cancelled_post_capture') return report(owned, payment);
    if (attempt.status !== 'pending') return next(owned.subscriptionId);
    if (standing === 'failed') return report(owned, payment);
    if (!attempt.onSession && standing === 'unpaid') return endUnpaid(owned, payment);
    await keepAnswer(attempt.id, payment);
    return next(owned.subscriptionId);
  }

  async function report(owned: OwnedAttempt, payment: PspPayment): Promise<Done> {
    const said = attemptReportOf(payment);
    if (said === null)
      throw new Error(`payment ${payment.paymentId} is ${payment.status}, which ends nothing`);
    const wantedBuyer =
      owned.attempt.providerStatus === WANTS_THE_BUYER &&
      said.verdict === 'failed' &&
      !owned.attempt.onSession;
    const decline = wantedBuyer ? ({ code: WANTS_THE_BUYER, class: 'final' } as const) : said.decline;
    return settle(owned, { ...said, decline });
  }

  /** A charge without the buyer that waits for them is cancelled; first the row says why. */
  async function endUnpaid(owned: OwnedAttempt, payment: PspPayment): Promise<Done> {
    await keepAnswer(owned.attempt.id, payment);
    return cancel({ ...owned, attempt: { ...owned.attempt, providerStatus: payment.status } });
  }

  async function cancel(owned: OwnedAttempt): Promise<Done> {
    const { attempt, subscriptionId } = owned;
    const outcome = await psp.cancelPayment(attempt.id);
    if (outcome.kind === 'unauthorized') throw await unread({ db, settings }, outcome, 'payment');
    const found = outcome.kind === 'payment' ? outcome : await psp.readPayment(attempt.id);
    if (found.kind === 'not_found') {
      if (await mayStillArrive(db, attempt.id, CALL_ARRIVED_MS))
        throw retryLater('psp_unknown_outcome', 'the payment may still arrive at the PSP', settings.psp);
      return settle(owned, failedAttempt('the PSP does not have it'));
    }
    if (found.kind !== 'payment') {
      if (found.kind === 'unknown' && outcome.kind === 'refused') await flagUnreadable(owned, found.reason);
      throw await unread({ db, settings }, found, 'payment');
    }
    const standing = standingOf(found.payment, false);
    if (standing === 'captured' || standing === 'cancelled_post_capture' || standing === 'failed')
      return report(owned, found.payment);
    if (standing === 'unpaid' && outcome.kind !== 'refused')
      throw retryLater('psp_unknown_outcome', 'the payment is not cancelled yet', settings.psp);
    await markEndTried(db, attempt.id);
    return next(subscriptionId);
  }

  async function ask(attemptId: string): Promise<Asked> {
    const wanted = await askAttempt(db, attemptId, settings.billing);
    const owned = await attemptOf(attemptId);
    if (wanted === null) return { psp: { kind: 'answered' }, ...(await next(owned.subscriptionId)) };
    if (wanted.card === null && !wanted.attempt.onSession) {
      const decline = { code: 'no_card', class: 'final' } as const;
      return {
        psp: { kind: 'none' },
        ...(await settle(owned, { ...failedAttempt('there is no card on file', decline), dead: true })),
      };
    }
    const outcome = await call(wanted);
    if (outcome.kind === 'unauthorized') {
      await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', outcome.message);
      await tellSilence(owned, outcome.message);
      throw retryLater('psp_refuses_our_key', outcome.message, settings.psp);
    }
    // A synchronous failure is looked up once more. After any other answer than a payment too: an attempt whose worker
    // died may have made it.
    const isFinal = outcome.kind === 'payment' && standingOf(outcome.payment, false) !== 'failed';
    const found = isFinal ? outcome : await psp.readPayment(attemptId);
    if (found.kind === 'payment') {
      return { psp: { kind: 'answered' }, ...(await goOn(owned, found.payment, true)) };
    }
    if (outcome.kind === 'refused' && outcome.tells !== 'exists') {
      // A refusal because the payment exists does not count: only the PSP's read side does not show it yet.
      if (found.kind === 'not_found') {
        const decline = classifyDecline(refusedCharge(outcome.code));
        const done = await settle(owned, failedAttempt(outcome.message, decline));
        return { psp: { kind: 'refused', detail: outcome.message }, ...done };
      }
      if (found.kind === 'unknown') await flagUnreadable(owned, found.reason);
    }
    const reason = outcome.kind === 'unknown' ? outcome.reason : 'the payment could not be read';
    await tellSilence(owned, reason);
    const retryAfterMs = outcome.kind === 'unknown' ? outcome.retryAfterMs : 0;
    throw retryLater('psp_unknown_outcome', reason, settings.psp, retryAfterMs);
  }

  return {
    /**
     * Asks the PSP for an attempt's payment under the attempt's id, or finds the one that an earlier call made. A charge that
     * failed is settled; nothing else is: only the webhook, or a later look, says that a payment succeeded. An unknown
     * outcome is asked again, without end.
     */
    askForAttempt: (attemptId: string): Promise<Asked> => whileHeartbeating(() => ask(attemptId)),

    /** Cancels a payment that nobody wants, and settles it once it is known to be over. */
    endAttempt: (attemptId: string): Promise<Done> =>
      whileHeartbeating(async () => {
        const owned = await attemptOf(attemptId);
        return owned.attempt.status === 'pending' ? cancel(owned) : next(owned.subscriptionId);
      }),

    /** Asks the PSP how a payment stands of which no webhook has come, and settles what is over. */
    lookAtAttempt: (attemptId: string): Promise<Done> =>
      whileHeartbeating(async () => {
        const owned = await attemptOf(attemptId);
        const found = await psp.readPayment(attemptId);
        if (found.kind !== 'payment' && found.kind !== 'not_found') {
          if (!isLeftForLater(owned)) throw await unread({ db, settings }, found, 'payment');
          if (found.kind === 'unknown' && isRefusedRead(found)) await flagUnreadable(owned, found.reason);
          await markAttemptLooked(db, attemptId);
          return next(owned.subscriptionId);
        }
        await markAttemptLooked(db, attemptId);
        if (found.kind === 'payment') return goOn(owned, found.payment, false);
        await forgetAttemptAnswer(db, attemptId);
        return next(owned.subscriptionId);
      }),
  };
}
