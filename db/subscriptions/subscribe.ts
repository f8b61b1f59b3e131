import type { AskedSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskOutcome, AskResult } from '../../domain/subscriptions/asks.ts';
import type { Refused } from '../../domain/kernel/index.ts';
import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import { writeMail } from '../accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { attemptForBuyer } from './attempts/for-buyer.ts';
import { openAttempt } from './attempts/open.ts';
import { readBillingClock } from './billing-clock.ts';
import { insertSubscription } from './insert.ts';
import { openInvoice } from './invoices/open.ts';
import { lockOpenInvoice } from './invoices/void.ts';
import { answerAsk, lockAsk, refuseAsk, resultOf } from './kept-ask.ts';
import { lockLiveSubscription, lockPerson, readLiveSubscription, readPerson } from './live.ts';
import { isFree, type PricedPlan, readPlan, readPrice, readPriceAt } from './prices.ts';
import { replace, whyNotReplaced } from './replace.ts';
import type { Subscription } from './schema.ts';
import { useTrial, whyNoTrial } from './trial-uses.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

type Person = Awaited<ReturnType<typeof lockPerson>>;

/**
 * Opens a paid subscription, `pending_payment` with its first invoice and attempt, or a trial. A new one has the ask's id;
 * where the person has an unpaid one of the same price, that one is the answer. May run twice. The API reads a refusal before;
 * one that comes of another call in between leaves a run at the engine that closes as `missing`.
 */
export async function openSubscription(
  db: Db,
  { subscriptionId, askId }: { readonly subscriptionId: string; readonly askId: string },
  terms: BillingTerms,
): Promise<AskResult> {
  return db.transaction(async (tx) => {
    const ask = await lockAsk(tx, 'subscription', askId);
    if (ask === undefined)
      return { refused: { code: 'subscription_not_found', detail: `Nobody asked ${askId}.` } };
    const before = resultOf(ask);
    if (before !== null) return before;
    const person = await lockPerson(tx, ask.userId);
    const live = await lockLiveSubscription(tx, person.id);
    const now = await readBillingClock(tx, terms.time);
    const found = await readWished(tx, live, ask, { now, terms });
    if ('refused' in found) return refuseAsk(tx, askId, ask, found.refused);

    const { wished, waiting } = found;
    const target = waiting?.id ?? askId;
    if (subscriptionId !== target) return { elsewhere: target };
    if (waiting !== undefined) return answerAsk(tx, askId, ask, await again(tx, waiting));

    const refused = await whyNotReplaced(tx, live, now, terms);
    if (refused !== null) return refuseAsk(tx, askId, ask, refused);
    const noTrial = ask.trial ? await useTrial(tx, person, { plan: wished.plan, now, terms }) : null;
    if (noTrial !== null) return refuseAsk(tx, askId, ask, noTrial);
    const replacedId = await replace(tx, live, { askId, now });
    const outcome = ask.trial
      ? await openTrial(tx, person, { id: askId, wished, now })
      : await openPaid(tx, person, { id: askId, wished, now });
    return answerAsk(tx, askId, ask, { ...outcome, ...(replacedId !== null && { replacedId }) });
  });
}

/**
 * The subscription that an ask is for, and its price: the unpaid one of this price where the person has one, else a new one
 * under the ask's id; or why there will be none. `openSubscription` decides it again under lock.
 */
export async function subscriptionFor(
  db: Db,
  askId: string,
  ask: Pick<AskedSubscription, 'userId' | 'planId' | 'billingCycle' | 'trial'>,
  terms: BillingTerms,
): Promise<Refused | { readonly subscriptionId: string; readonly wished: PricedPlan }> {
  const [person, live, now] = await Promise.all([
    readPerson(db, ask.userId),
    readLiveSubscription(db, ask.userId),
    readBillingClock(db, terms.time),
  ]);
  const found = await readWished(db, live, ask, { now, terms });
  if ('refused' in found) return found;
  const { wished, waiting } = found;
  if (waiting !== undefined) return { subscriptionId: waiting.id, wished };
  const refused =
    (await whyNotReplaced(db, live, now, terms)) ??
    (ask.trial ? await whyNoTrial(db, person, { plan: wished.plan, terms }) : null);
  return refused === null ? { subscriptionId: askId, wished } : { refused };
}

interface Wish {
  /** What it costs. */
  readonly wished: PricedPlan;
  /** The one that waits for just this payment. */
  readonly waiting: Subscription | undefined;
}

/** A plan that is withdrawn is refused to whoever asks anew, not to whom it was offered and who has yet to pay. */
async function readWished(
  db: Db | Tx,
  live: Subscription | undefined,
  { planId, billingCycle, trial }: Pick<AskedSubscription, 'planId' | 'billingCycle' | 'trial'>,
  { now, terms }: { readonly now: Date; readonly terms: Pick<BillingTerms, 'paymentTimeoutMs'> },
): Promise<Wish | Refused> {
  const plan = await readPlan(db, planId);
  if (plan === undefined)
    return { refused: { code: 'plan_not_found', detail: `There is no plan ${planId}.` } };
  const today = await readPriceAt(db, planId, billingCycle, now);
  if (live !== undefined && !trial && mayStillBePaid(live, now, terms)) {
    const own = await readPrice(db, live.priceId);
    const isSame = own.plan.id === planId && own.price.billingCycle === billingCycle;
    if (isSame && (today === undefined || today.price.id === own.price.id))
      return { wished: own, waiting: live };
  }
  if (today === undefined || !plan.offered || isFree(today))
    return {
      refused: { code: 'plan_not_offered', detail: `${plan.name} is not offered (${billingCycle}).` },
    };
  return { wished: today, waiting: undefined };
}

/** Whether it waits for its first payment, and its time is not over. */
const mayStillBePaid = (
  { status, createdAt }: Subscription,
  now: Date,
  { paymentTimeoutMs }: Pick<BillingTerms, 'paymentTimeoutMs'>,
): boolean => status === 'pending_payment' && now.getTime() < createdAt.getTime() + paymentTimeoutMs;

/** The same rows, and a payment that the buyer can make. */
async function again(tx: Tx, { id }: Subscription): Promise<AskOutcome> {
  const invoice = await lockOpenInvoice(tx, id);
  if (invoice === undefined) throw new Error(`subscription ${id} waits for its payment and has no invoice`);
  const attemptId = await attemptForBuyer(tx, invoice);
  if (attemptId === null)
    throw new Error(`the first invoice of subscription ${id} is charged without its buyer`);
  return { subscriptionId: id, invoiceId: invoice.id, attemptId };
}

interface ToOpen {
  readonly id: string;
  readonly wished: PricedPlan;
  readonly now: Date;
}

async function openPaid(tx: Tx, { id: userId }: Person, { id, wished, now }: ToOpen): Promise<AskOutcome> {
  const subscription = await insertSubscription(tx, {
    id,
    userId,
    priceId: wished.price.id,
    status: 'pending_payment',
    nextDueAt: now,
    createdAt: now,
  });
  const invoice = await openInvoice(tx, subscription, { reason: 'first', priced: wished, period: null, now });
  const attempt = await openAttempt(tx, invoice, { onSession: true });
  return { subscriptionId: id, invoiceId: invoice.id, attemptId: attempt.id };
}

async function openTrial(tx: Tx, { id: userId }: Person, { id, wished, now }: ToOpen): Promise<AskOutcome> {
  const trialEnd = new Date(now.getTime() + wished.plan.trialDays * DAY_MS);
  await insertSubscription(tx, {
    id,
    userId,
    priceId: wished.price.id,
    status: 'trialing',
    trialEnd,
    nextDueAt: now,
    createdAt: now,
  });
  await writeMail(tx, {
    userId,
    kind: 'trial_started',
    subject: subscriptionWorkflowId(id),
    params: { plan: wished.plan.name, ends_at: trialEnd.toISOString() },
  });
  return { subscriptionId: id };
}
