import { realMs } from '../../domain/subscriptions/billing-time.ts';
import { nextDunningStepMs } from '../../domain/subscriptions/dunning.ts';
import type { ShownSubscription, Step, Work } from '../../domain/subscriptions/step.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import { openWantedAttempt } from './attempts/for-buyer.ts';
import type { CardSetup } from './schema.ts';
import { endSetup } from './setups.ts';
import { decideByStatus } from './steps/by-status.ts';
import { dunBeside } from './steps/dun.ts';
import {
  after,
  CHANGED,
  delayOf,
  type Due,
  inBillingTime,
  isEnded,
  type Moment,
  readMoment,
} from './steps/moment.ts';
import { remind } from './steps/remind.ts';
import { deadlineOf, decideUnderWay, duesOfUnderWay, isDunningDue } from './steps/under-way.ts';
import { transitionSubscription } from './transition.ts';

/** More changes than follow from each other in one moment. */
const CHANGES_MAX = 20;
/** Work that a workflow was given is missed by a sweep after this and its own ten minutes. Real time. */
const WORK_TAKES_MS = 15 * 60_000;
/** Lists show that the PSP has not answered for so long. Real time. */
export const SILENT_AFTER_MS = 60_000;

/**
 * Does all that is due for a subscription by billing time, and returns what is next. It may run at any time, and twice: by the
 * database's clock it opens the renewal and its charge, takes the steps of dunning, applies what was scheduled, and ends what
 * is over. Nothing here asks the PSP. `now`: the PSP is looked at before its time.
 */
export async function advance(
  db: Db,
  subscriptionId: string,
  terms: BillingTerms,
  { now = false }: { readonly now?: boolean } = {},
): Promise<Step> {
  try {
    return await db.transaction((tx) => next(tx, subscriptionId, terms, now));
  } catch (error) {
    if (error instanceof MissingRow && error.id === subscriptionId) return { kind: 'missing' };
    throw error;
  }
}

async function next(tx: Tx, subscriptionId: string, terms: BillingTerms, isForced: boolean): Promise<Step> {
  for (let changes = 0; changes < CHANGES_MAX; changes += 1) {
    const moment = await readMoment(tx, subscriptionId, terms, isForced);
    const step = await decide(moment);
    if (step !== CHANGED) return step;
  }
  throw new Error(`subscription ${subscriptionId} changes without end`);
}

async function decide(moment: Moment): Promise<typeof CHANGED | Step> {
  const { subscription, setup, pending, now, realNow } = moment;
  const looks: Date[] = [];
  const underWay = await decideUnderWay(moment, looks);
  if (underWay === CHANGED) return CHANGED;
  if (underWay !== null) {
    // A card can be given also while the PSP answers no charge: what it was never asked for goes first, once.
    const isFirst = setup?.askedAt === null && !isEnded(subscription) && wasAsked(moment, underWay.work);
    const what: Work = isFirst ? { kind: 'set_up', setupId: setup.id } : underWay.work;
    return work(moment, what, isFirst ? now : undefined);
  }
  if (await isOpenedForBuyer(moment)) return CHANGED;
  // No next charge before the last is known to be over.
  if (pending.length > 0 && (await dunBeside(moment))) return CHANGED;
  const due = pending.length > 0 ? null : await decideByStatus(moment);
  if (due === CHANGED) return CHANGED;
  const dues = pending.length > 0 ? duesOfUnderWay(moment) : due === null ? [] : [due];
  const reminder = await remind(moment);
  if (reminder !== null) dues.push(reminder);
  for (const at of looks) {
    dues.push({ at: inBillingTime(moment, at), summary: 'until the PSP is looked at again' });
  }
  const [first] = dues.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  if (setup !== undefined && !isEnded(subscription)) {
    if (await isSetupGivenUp(moment, setup)) return CHANGED;
    // It moves no money: whatever is due goes first, also while the PSP does not answer.
    return work(moment, { kind: 'set_up', setupId: setup.id }, first?.at);
  }
  if (first === undefined && pending.length === 0) {
    await dueAt(moment, null);
    return { kind: 'ended', shown: shownOf(moment) };
  }
  // An attempt that waits for its buyer or its webhook, and for no time.
  const until: Due = first ?? {
    at: inBillingTime(moment, after(realNow, WORK_TAKES_MS)),
    summary: 'for the PSP',
  };
  await dueAt(moment, until.at);
  return {
    kind: 'wait',
    delayMs: Math.max(delayOf(moment, until.at), 1),
    summary: `Waits ${until.summary}`,
    shown: shownOf(moment),
  };
}

const wasAsked = ({ pending }: Moment, what: Work): boolean =>
  what.kind !== 'set_up' &&
  pending.some(({ attempt: { id, askedAt } }) => id === what.attemptId && askedAt !== null);

/** A buyer asked to pay while the payment before was ended for them: the next one is opened. */
async function isOpenedForBuyer(moment: Moment): Promise<boolean> {
  const { tx, now, open, pending } = moment;
  if (open === undefined || pending.length > 0 || isDunningDue(moment)) return false;
  const deadline = deadlineOf(moment, open);
  if (deadline !== null && now >= deadline) return false;
  return (await openWantedAttempt(tx, open)) !== undefined;
}

/** A set-up payment for which the PSP has not answered in the time to pay is given up: nobody has its secret. */
async function isSetupGivenUp(moment: Moment, { id, createdAt }: CardSetup): Promise<boolean> {
  const { tx, terms, now } = moment;
  if (now < after(inBillingTime(moment, createdAt), terms.paymentTimeoutMs)) return false;
  await endSetup(tx, id);
  return true;
}

/** `before`: when something else is due. */
async function work(moment: Moment, what: Work, before?: Date): Promise<Step> {
  const missedAt = inBillingTime(moment, after(moment.realNow, WORK_TAKES_MS));
  await dueAt(moment, before !== undefined && before < missedAt ? before : missedAt);
  return { ...what, shown: shownOf(moment) };
}

/** By this a sweep finds a subscription whose workflow is lost. */
async function dueAt({ tx, subscription }: Moment, at: Date | null): Promise<void> {
  if (subscription.nextDueAt?.getTime() === at?.getTime()) return;
  await transitionSubscription(tx, subscription, subscription.status, { nextDueAt: at });
}

function shownOf(moment: Moment): ShownSubscription {
  const { subscription, priced, pending, setup, realNow, terms } = moment;
  const { status, dunningSince, dunningIndex, currentPeriodStart } = subscription;
  const isPastDue = status === 'past_due' && dunningSince !== null;
  const nextMs = isPastDue ? nextDunningStepMs(dunningSince.getTime(), terms.dunningMs, dunningIndex) : null;
  const isUnanswered = [
    ...pending.map(({ attempt }) => attempt),
    ...(setup === undefined ? [] : [setup]),
  ].some(
    ({ askedAt, providerStatus }) =>
      providerStatus === null && askedAt !== null && after(askedAt, SILENT_AFTER_MS) <= realNow,
  );
  return {
    status: isUnanswered ? 'waiting_for_psp' : status,
    planId: priced.plan.id,
    amountMinor: priced.price.amountMinor,
    nextAttemptAt: nextMs === null ? null : new Date(realMs(terms.time, nextMs)).toISOString(),
    retryCount: isPastDue ? dunningIndex : 0,
    era: `${isPastDue ? 'past due' : (currentPeriodStart?.toISOString() ?? 'unpaid')} ${priced.price.id}`,
  };
}
