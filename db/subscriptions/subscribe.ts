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
import { isFree, type PricedPlan, readPlan, readPriceAt } from './prices.ts';
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
    const wished = await readWished(tx, ask, now);
    if ('refused' in wished) return refuseAsk(tx, askId, ask, wished.refused);

    const waiting = live !== undefined && isSameWish(live, ask, { wished, now, terms }) ? live : undefined;
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
 * The subscription that an ask is for: the unpaid one of this price where the person has one, else a new one under the ask's
 * id; or why there will be none. `openSubscription` decides it again under lock.
 */
export async function subscriptionFor(
  db: Db,
  askId: string,
  ask: Pick<AskedSubscription, 'userId' | 'planId' | 'billingCycle' | 'trial'>,
  terms: BillingTerms,
): Promise<Refused | { readonly subscriptionId: string }> {
  const [person, live, now] = await Promise.all([
    readPerson(db, ask.userId),
    readLiveSubscription(db, ask.userId),
    readBillingClock(db, terms.time),
  ]);
  const wished = await readWished(db, ask, now);
  if ('refused' in wished) return wished;
  if (live !== undefined && isSameWish(live, ask, { wished, now, terms })) return { subscriptionId: live.id };
  const refused =
    (await whyNotReplaced(db, live, now, terms)) ??
    (ask.trial ? await whyNoTrial(db, person, { plan: wished.plan, terms }) : null);
  return refused === null ? { subscriptionId: askId } : { refused };
}

async function readWished(
  db: Db | Tx,
  { planId, billingCycle }: Pick<AskedSubscription, 'planId' | 'billingCycle'>,
  now: Date,
): Promise<PricedPlan | Refused> {
  const plan = await readPlan(db, planId);
  if (plan === undefined)
    return { refused: { code: 'plan_not_found', detail: `There is no plan ${planId}.` } };
  const wished = await readPriceAt(db, planId, billingCycle, now);
  if (wished === undefined || !plan.offered || isFree(wished))
    return {
      refused: { code: 'plan_not_offered', detail: `${plan.name} is not offered (${billingCycle}).` },
    };
  return wished;
}

/** Whether it waits for the payment of just this price, and still may be paid. */
function isSameWish(
  live: Subscription,
  { trial }: Pick<AskedSubscription, 'trial'>,
  {
    wished,
    now,
    terms,
  }: {
    readonly wished: PricedPlan;
    readonly now: Date;
    readonly terms: Pick<BillingTerms, 'paymentTimeoutMs'>;
  },
): boolean {
  const endsMs = live.createdAt.getTime() + terms.paymentTimeoutMs;
  return (
    live.status === 'pending_payment' && live.priceId === wished.price.id && !trial && now.getTime() < endsMs
  );
}

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
