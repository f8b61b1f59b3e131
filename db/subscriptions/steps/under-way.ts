import { dunningStepsDue, isDunningOver } from '../../../domain/subscriptions/dunning.ts';
import { subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { dropAttempt } from '../attempts/drop.ts';
import { isWanted } from '../attempts/wanted.ts';
import { hasEndingRefund } from '../invoices/ending-refund.ts';
import type { Invoice, InvoicePayment } from '../invoices/schema.ts';
import { after, CHANGED, type Decided, type Due, inBillingTime, type Moment } from './moment.ts';

/** A charge whose answer was not final is looked at so long after it was asked for, and then at this interval. Real time. */
const FIRST_LOOK_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 60 * 60_000;

/** Until when an open invoice waits for its buyer; null where it waits for the dunning schedule. Billing time. */
export function deadlineOf({ subscription, terms }: Moment, invoice: Invoice): Date | null {
  if (invoice.reason === 'first') return after(subscription.createdAt, terms.paymentTimeoutMs);
  if (invoice.reason !== 'change') return null;
  const last = after(invoice.createdAt, terms.paymentTimeoutMs);
  const { currentPeriodEnd } = subscription;
  return currentPeriodEnd !== null && currentPeriodEnd < last ? currentPeriodEnd : last;
}

/** Whether a step of dunning has come that was not taken. */
export const isDunningDue = (moment: Moment): boolean =>
  stepsDueOf(moment) > moment.subscription.dunningIndex;

/** How many steps of dunning have come, taken or not. */
export function stepsDueOf({ subscription, terms, now }: Moment): number {
  const { status, dunningSince } = subscription;
  if (status !== 'past_due' || dunningSince === null) return 0;
  return dunningStepsDue(dunningSince.getTime(), terms.dunningMs, now.getTime());
}

/**
 * Whether a step of dunning leaves the payment of a buyer who is there: it charges nothing, for want of a card. The last one
 * would end the subscription, and waits until the payment's secret is dead.
 */
export function isLeftByDunning(moment: Moment, { clientSecretExpiresAt }: InvoicePayment): boolean {
  if (moment.card !== null) return false;
  const isLast = isDunningOver(moment.terms.dunningMs, stepsDueOf(moment));
  return !isLast || (clientSecretExpiresAt !== null && moment.realNow < clientSecretExpiresAt);
}

/**
 * What is to be done about attempts under way: the PSP is asked, told to end one, or looked at. Null where all of them
 * wait; then `looks` has when they are looked at, in real time.
 */
export async function decideUnderWay(moment: Moment, looks: Date[]): Promise<Decided | null> {
  // What nobody wants goes first: until it is over, nothing else is charged.
  const { tx, subscription, pending } = moment;
  const isRefunded = pending.length > 0 && (await hasEndingRefund(tx, subscription, moment));
  const inTurn = pending
    .map((one) => ({ ...one, isWanted: isWanted({ subscription, ...one, isRefunded }) }))
    .toSorted((a, b) => Number(a.isWanted) - Number(b.isWanted));
  for (const one of inTurn) {
    const decided = await decideOne(moment, one, looks);
    if (decided !== null) return decided;
  }
  return null;
}

type UnderWay = Moment['pending'][number];
type Weighed = UnderWay & { readonly isWanted: boolean };

async function decideOne(moment: Moment, one: Weighed, looks: Date[]): Promise<Decided | null> {
  const { attempt } = one;
  await flagUnanswered(moment, one);
  if (one.isWanted && !isOver(moment, one)) {
    if (attempt.providerStatus === null) return { work: { kind: 'ask', attemptId: attempt.id } };
    // A buyer who is there takes their time; the webhook says how it ended, and a sweep looks for lost ones.
    if (attempt.onSession && !moment.isForced) return null;
    return look(moment, attempt, 'look', looks);
  }
  if (attempt.askedAt === null || attempt.endRequestedAt === null) {
    await dropAttempt(moment.tx, attempt);
    return CHANGED;
  }
  return look(moment, attempt, 'end', looks);
}

/** Whether the time of a wanted attempt is over. A charge without the buyer is only awaited. */
function isOver(moment: Moment, { attempt, invoice }: UnderWay): boolean {
  const deadline = deadlineOf(moment, invoice);
  if (deadline !== null) return moment.now >= deadline;
  return attempt.onSession && isDunningDue(moment) && !isLeftByDunning(moment, attempt);
}

function look(
  moment: Moment,
  { id: attemptId, askedAt, reconcileCheckedAt }: InvoicePayment,
  kind: 'look' | 'end',
  looks: Date[],
): Decided | null {
  const { realNow, isForced } = moment;
  const firstAt = kind === 'end' || askedAt === null ? realNow : after(askedAt, FIRST_LOOK_AFTER_MS);
  const from = reconcileCheckedAt === null ? firstAt : after(reconcileCheckedAt, LOOK_EVERY_MS);
  if (isForced || from <= realNow) return { work: { kind, attemptId } };
  looks.push(from);
  return null;
}

/**
 * The PSP has not decided a payment for longer than the grace after what was paid for: nothing else is charged meanwhile, also where
 * nobody wants that payment any more, such as a change's. A person finds out why.
 */
async function flagUnanswered(moment: Moment, { attempt, invoice }: UnderWay): Promise<void> {
  const { tx, subscription, now } = moment;
  const until = graceEnd(moment);
  if (until === null || now < until || invoice.reason === 'first' || attempt.askedAt === null) return;
  const detail = `Invoice ${invoice.id} was asked for, and the PSP has not said how its payment ended`;
  await raiseFlag(tx, 'renewal_unanswered', subscriptionWorkflowId(subscription.id), detail);
}

/** The grace after what was paid for, or after the trial; null where nothing runs. */
function graceEnd({ subscription, terms }: Moment): Date | null {
  const { status, trialEnd, currentPeriodEnd } = subscription;
  const isRunning = status === 'active' || status === 'canceling';
  const end = status === 'trialing' ? trialEnd : isRunning ? currentPeriodEnd : null;
  return end === null ? null : after(end, terms.renewalGraceMs);
}

/** The moments at which attempts under way are to be thought about again, in billing time. */
export function duesOfUnderWay(moment: Moment): Due[] {
  const { subscription, terms, now, pending } = moment;
  const dues: Due[] = [];
  for (const { attempt, invoice } of pending) {
    const deadline = deadlineOf(moment, invoice);
    if (deadline !== null) dues.push({ at: deadline, summary: 'until the time to pay is over' });
    const { dunningSince, dunningIndex } = subscription;
    const stepMs = terms.dunningMs[dunningIndex];
    if (attempt.onSession && dunningSince !== null && stepMs !== undefined) {
      dues.push({ at: after(dunningSince, stepMs), summary: 'until the card on file is charged again' });
    }
    const { clientSecretExpiresAt } = attempt;
    if (attempt.onSession && isDunningDue(moment) && clientSecretExpiresAt !== null) {
      dues.push({
        at: inBillingTime(moment, clientSecretExpiresAt),
        summary: 'until its buyer cannot pay any more',
      });
    }
  }
  const grace = graceEnd(moment);
  if (pending.length > 0 && grace !== null) dues.push({ at: grace, summary: 'until the grace is over' });
  return dues.filter(({ at }) => at > now);
}
