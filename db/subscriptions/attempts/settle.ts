import { formatMoney } from '../../../domain/kernel/index.ts';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import type { AttemptReport } from '../../../domain/subscriptions/messages.ts';
import type { BillingTerms } from '../../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../../client.ts';
import { raiseFlag } from '../../kernel/index.ts';
import {
  findGiveBack,
  type GiveBackWork,
  type SettledRefund,
  watchedFromNow,
} from '../../marketplace/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { refuseCard } from '../chargeable-card.ts';
import type { InvoicePayment } from '../invoices/schema.ts';
import { lockInvoicePurchase } from '../invoices/purchase.ts';
import { keepCard } from '../keep-card.ts';
import { lockAttempt, type LockedAttempt } from '../lock.ts';
import { refuse } from './refuse.ts';
import { takeCaptured } from './take.ts';
import { transitionAttempt } from './transition.ts';

export interface SettledAttempt {
  /** `cancelled`: captured, and then given back whole without us. */
  readonly outcome: 'paid' | 'failed' | 'given_back' | 'cancelled' | 'already_decided';
  readonly subscriptionId: string;
  /** Whether a period was paid or refused: the workflow begins anew after each. */
  readonly isPeriodSettled: boolean;
  /** A refund that is to be started. */
  readonly giveBack?: GiveBackWork;
  readonly settled?: SettledRefund;
}

const CANCELLED = 'cancelled_post_capture';

/**
 * Settles the PSP's report of an attempt in one transaction: attempt, invoice and number, subscription and period,
 * change, card, ledger, service owed, mails. Money that the invoice cannot take (void, paid, another amount) goes
 * back. The only code that ends an attempt which the PSP was asked for. Repeatable.
 */
export async function settleAttempt(
  db: Db,
  attemptId: string,
  report: AttemptReport,
  terms: BillingTerms,
): Promise<SettledAttempt> {
  return db.transaction(async (tx) => {
    const locked = await lockAttempt(tx, attemptId);
    const now = await readBillingClock(tx, terms.time);
    const subscriptionId = locked.subscription.id;
    if (report.attemptCount > 1) {
      const detail = `It made ${report.attemptCount} attempts of its own at payment ${attemptId}: switch the profile's retries off`;
      await raiseFlag(tx, 'psp_retries_itself', 'hyperswitch', detail);
    }
    if (report.verdict === 'failed') return failAttempt(tx, locked, report, { now, terms });
    const isKnown = locked.attempt.receivedMinor !== null;
    if (report.verdict === CANCELLED && !isKnown) return noteCancelled(tx, locked, report, { now, terms });
    if (report.verdict === CANCELLED) return settleCancelled(tx, locked, terms);
    if (isKnown) {
      await flagDiffering(tx, locked, report);
      const open = await findGiveBack(tx, paymentOf(locked));
      return {
        ...{ outcome: 'already_decided', subscriptionId, isPeriodSettled: false },
        ...(open !== null && { giveBack: open }),
      };
    }
    // The PSP would refuse to give back what it has cancelled, and it would stay held for ever.
    const wasCancelled = locked.attempt.providerStatus === CANCELLED;
    const gone = { isCancelled: wasCancelled, goneMinor: wasCancelled ? (report.receivedMinor ?? 0) : 0 };
    const { card } = report;
    const { onSession, createdAt: begunAt } = locked.attempt;
    // A charge without the buyer names the card that it was charged to, which they may have replaced since.
    const isGiven = card !== null && onSession;
    const keep = isGiven
      ? () => keepCard(tx, locked.subscription, { card, begunAt }, { now, ...terms })
      : undefined;
    const taken = await takeCaptured(tx, locked, report, { now, terms, keep, ...gone });
    if (wasCancelled) {
      const { settled } = await settleCancelled(tx, locked, terms);
      return { ...cancelled(subscriptionId, settled), isPeriodSettled: taken.isPeriodSettled };
    }
    const { outcome, isPeriodSettled } = taken;
    const work = taken.outcome === 'given_back' ? taken.work : null;
    return { outcome, subscriptionId, isPeriodSettled, ...(work !== null && { giveBack: work }) };
  });
}

const paymentOf = ({ invoice, attempt }: LockedAttempt) =>
  ({ kind: 'invoice', id: invoice.id, paymentId: attempt.id }) as const;

/** `now` is billing time. */
type When = { readonly now: Date; readonly terms: BillingTerms };

async function failAttempt(
  tx: Tx,
  locked: LockedAttempt,
  { verdict, message, providerStatus, decline, dead }: AttemptReport,
  when: When,
): Promise<SettledAttempt> {
  const subscriptionId = locked.subscription.id;
  if (locked.attempt.status !== 'pending')
    return { outcome: 'already_decided', subscriptionId, isPeriodSettled: false };
  const attempt = await transitionAttempt(tx, locked.attempt, 'failed', {
    errorMessage: message,
    ...(providerStatus !== null && { providerStatus }),
    declineCode: decline?.code ?? null,
    declineClass: decline?.class ?? null,
    clientSecret: null,
    clientSecretExpiresAt: null,
    watchedUntil: dead || verdict === CANCELLED ? null : watchedFromNow(),
  });
  if (decline?.class === 'final' && attempt.paymentMethodId !== null)
    await refuseCard(tx, attempt.paymentMethodId);
  const isPeriodSettled = await refuse(tx, { ...locked, attempt }, decline, when);
  return { outcome: 'failed', subscriptionId, isPeriodSettled };
}

/** The report came before that of its capture: the attempt keeps it, so that the capture is not given back twice. */
async function noteCancelled(
  tx: Tx,
  locked: LockedAttempt,
  report: AttemptReport,
  when: When,
): Promise<SettledAttempt> {
  const { status } = locked.attempt;
  const attempt = await transitionAttempt(tx, locked.attempt, status, {
    providerStatus: CANCELLED,
    watchedUntil: null,
  });
  return failAttempt(tx, { ...locked, attempt }, report, when);
}

async function settleCancelled(tx: Tx, locked: LockedAttempt, terms: BillingTerms): Promise<SettledAttempt> {
  const purchase = await lockInvoicePurchase(tx, locked.invoice.id, locked.attempt.id, terms);
  return cancelled(locked.subscription.id, (await purchase.settleCancelled(tx)) ?? undefined);
}

const cancelled = (subscriptionId: string, settled: SettledRefund | undefined): SettledAttempt => ({
  ...{ outcome: 'cancelled', subscriptionId, isPeriodSettled: false },
  ...(settled !== undefined && { settled }),
});

/** The payment was captured again, or with an amount that differs from the books: people decide whose that is. */
async function flagDiffering(
  tx: Tx,
  { invoice, attempt }: LockedAttempt,
  report: AttemptReport,
): Promise<void> {
  const { receivedMinor, currency } = report;
  if (receivedMinor === null || isAsBooked(attempt, report)) return;
  const said = formatMoney(receivedMinor, currency ?? attempt.currency);
  const booked = formatMoney(attempt.receivedMinor ?? 0, attempt.receivedCurrency ?? attempt.currency);
  const detail = `The PSP says that ${said} was captured by attempt ${attempt.attempt}, the books have ${booked}`;
  await raiseFlag(tx, 'capture_differs', invoiceSubject(invoice.id), detail);
}

const isAsBooked = (attempt: InvoicePayment, { receivedMinor, currency }: AttemptReport) =>
  receivedMinor === attempt.receivedMinor && currency === attempt.receivedCurrency;
