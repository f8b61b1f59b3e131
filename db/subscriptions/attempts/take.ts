import type { Money } from '../../../domain/kernel/index.ts';
import type { AttemptReport } from '../../../domain/subscriptions/messages.ts';
import type { Tx } from '../../client.ts';
import type { GiveBackWork } from '../../marketplace/index.ts';
import { acceptCard } from '../chargeable-card.ts';
import { type Paying, payInvoice } from '../invoices/pay.ts';
import type { LockedAttempt } from '../lock.ts';
import { dropAttempt } from './drop.ts';
import { giveBack } from './give-back.ts';
import { lockLastAttempt } from './open.ts';
import { refuse } from './refuse.ts';
import { transitionAttempt } from './transition.ts';

/** What an attempt brought. `given_back`: its invoice cannot take it; `work` is null where it has gone already. */
export type Taken =
  | { readonly outcome: 'paid'; readonly isPeriodSettled: true }
  | {
      readonly outcome: 'given_back';
      readonly work: GiveBackWork | null;
      readonly isPeriodSettled: boolean;
    };

/** The PSP's words for a payment that is over without its money: a capture is the later one. */
const OVERRULED: ReadonlySet<string> = new Set(['failed', 'cancelled', 'expired']);

/**
 * The PSP has captured an attempt's money, of which we did not know: its invoice is paid, or the money goes back.
 * `goneMinor`: what of it has left again already; `isCancelled`: by the PSP, which took the capture back. All must be locked. Throws where the PSP does not say how much it
 * was.
 */
export async function takeCaptured(
  tx: Tx,
  locked: LockedAttempt,
  report: Omit<AttemptReport, 'card' | 'decline' | 'attemptCount' | 'providerStatus'>,
  {
    goneMinor = 0,
    isCancelled = false,
    ...paying
  }: Paying & { readonly goneMinor?: number; readonly isCancelled?: boolean },
): Promise<Taken> {
  const captured = capturedBy(report, locked.attempt.id);
  const said = locked.attempt.providerStatus;
  const attempt = await transitionAttempt(tx, locked.attempt, 'succeeded', {
    receivedMinor: captured.amountMinor,
    receivedCurrency: captured.currency,
    connectorTransactionId: report.connectorTransactionId,
    providerStatus: said === null || OVERRULED.has(said) ? 'succeeded' : said,
    errorMessage: null,
    declineCode: null,
    declineClass: null,
    clientSecret: null,
    clientSecretExpiresAt: null,
    watchedUntil: null,
  });
  if (locked.attempt.declineClass === 'final' && attempt.paymentMethodId !== null)
    await acceptCard(tx, attempt.paymentMethodId);
  const succeeded = { ...locked, attempt };
  if (!isCancelled && mayTake(succeeded, captured, paying.now)) {
    await payInvoice(tx, succeeded, paying);
    await dropNext(tx, succeeded);
    return { outcome: 'paid', isPeriodSettled: true };
  }
  const work = await giveBack(tx, succeeded, { captured, goneMinor });
  // The invoice waits for its money as it did before.
  const isPeriodSettled = await refuse(tx, succeeded, null, paying);
  return { outcome: 'given_back', work, isPeriodSettled };
}

/** An attempt that had failed has paid after all: the one that was opened after it is wanted for nothing. */
async function dropNext(tx: Tx, { invoice, attempt }: LockedAttempt): Promise<void> {
  const last = await lockLastAttempt(tx, invoice.id);
  if (last !== undefined && last.id !== attempt.id && last.status === 'pending') await dropAttempt(tx, last);
}

/** The captured amount; throws where the PSP does not say how much. */
function capturedBy(
  { receivedMinor, currency }: Pick<AttemptReport, 'receivedMinor' | 'currency'>,
  attemptId: string,
): Money {
  if (receivedMinor === null || receivedMinor <= 0 || currency === null)
    throw new Error(`the PSP says that ${attemptId} is captured but not how much: read the payment first`);
  return { amountMinor: receivedMinor, currency };
}

/** An invoice takes its own amount while it is open, and a change only as long as the period lasts that it is for. */
function mayTake({ subscription, invoice }: LockedAttempt, captured: Money, now: Date): boolean {
  if (invoice.status !== 'open') return false;
  if (captured.amountMinor !== invoice.amountMinor || captured.currency !== invoice.currency) return false;
  if (invoice.reason !== 'change') return true;
  const isInForce = subscription.status === 'active' || subscription.status === 'canceling';
  return isInForce && invoice.periodEnd !== null && now < invoice.periodEnd;
}
