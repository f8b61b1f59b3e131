import { and, asc, desc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { openParams } from '../../db/accounts/mails/open.ts';
import { mails } from '../../db/accounts/schema.ts';
import { keepAsk } from '../../db/kernel/index.ts';
import { readAskResult } from '../../db/subscriptions/kept-ask.ts';
import { readSubscriptionLabel } from '../../db/subscriptions/label.ts';
import { type InvoicePayment, invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import {
  paymentMethods,
  planPrices,
  type Subscription,
  subscriptions,
} from '../../db/subscriptions/schema.ts';
import { VezaError } from '../../domain/errors.ts';
import type { MailKind } from '../../domain/mails.ts';
import type { AskedOfSubscription, AskedSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskAnswer } from '../../domain/subscriptions/asks.ts';
import type { BillingCycle } from '../../domain/subscriptions/billing-cycle.ts';
import type { SubscriptionLabel } from '../../engine/port/subscriptions.ts';
import { makePerson } from '../harness/shop.ts';
import { eventually, until } from '../harness/wait.ts';
import type { Person, World } from '../harness/world.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

export interface Wish {
  readonly planId?: 'creator' | 'premium';
  readonly billingCycle?: BillingCycle;
  readonly trial?: boolean;
}

export type Deed = AskedOfSubscription extends infer One
  ? One extends AskedOfSubscription
    ? Omit<One, 'kind' | 'userId'>
    : never
  : never;

type Outcome = Extract<AskAnswer, { done: unknown }>;

/** The stories of subscriptions on a world's real engine, as the API asks for them. */
export function subscriptionsOf(world: World) {
  const { db } = world.database;

  async function priceOf(planId: string, billingCycle: BillingCycle) {
    const prices = await db.select().from(planPrices).where(eq(planPrices.planId, planId));
    const price = prices.find((one) => one.billingCycle === billingCycle && one.validUntil === null);
    if (price === undefined) throw new Error(`${planId} has no price ${billingCycle}`);
    return price;
  }

  async function label(subscriptionId: string): Promise<SubscriptionLabel> {
    const found = await readSubscriptionLabel(db, subscriptionId);
    if (found === undefined) throw new Error(`there is no subscription ${subscriptionId}`);
    return found;
  }

  /** As the API does: the ask is a row before the engine is told. */
  async function subscribe(
    person: Person,
    { planId = 'creator', billingCycle = 'monthly', trial = false }: Wish = {},
    askId: string = uuidv7(),
    subscriptionId: string = askId,
  ): Promise<AskAnswer> {
    await keepAsk<AskedSubscription>(db, askId, {
      kind: 'subscription',
      userId: person.id,
      planId,
      billingCycle,
      trial,
    });
    const { amountMinor, currency } = await priceOf(planId, billingCycle);
    const status = trial ? 'trialing' : 'pending_payment';
    const answer = await world.engine.subscribe(askId, {
      subscriptionId,
      planId,
      status,
      amountMinor,
      currency,
    });
    return 'elsewhere' in answer
      ? subscribe(person, { planId, billingCycle, trial }, askId, answer.elsewhere)
      : answer;
  }

  async function subscribed(person: Person, wish: Wish = {}): Promise<Outcome> {
    const askId = uuidv7();
    const answer = await answerOf(askId, () => subscribe(person, wish, askId));
    if (!('done' in answer)) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** As the API does: an answer that got lost is on the ask's row, or the ask is told once more. */
  async function answerOf(askId: string, tell: () => Promise<AskAnswer>): Promise<AskAnswer> {
    try {
      return await tell();
    } catch (error) {
      if (!(error instanceof VezaError) || error.code !== 'engine_unavailable') throw error;
      const kept = await readAskResult(db, askId);
      if (kept === null) return tell();
      return 'done' in kept ? { ...kept, psp: { kind: 'unanswered' } } : kept;
    }
  }

  async function ask(subscriptionId: string, deed: Deed, askId: string = uuidv7()): Promise<AskAnswer> {
    const { userId } = await row(subscriptionId);
    await keepAsk(db, askId, { kind: 'subscription_ask', userId, ...deed } as AskedOfSubscription);
    return world.engine.askSubscription(askId, await label(subscriptionId));
  }

  /** The ask's answer, also where the engine loses it once. */
  const answered = (subscriptionId: string, deed: Deed, askId: string = uuidv7()): Promise<AskAnswer> =>
    answerOf(askId, () => ask(subscriptionId, deed, askId));

  async function row(subscriptionId: string): Promise<Subscription> {
    const [found] = await db.select().from(subscriptions).where(eq(subscriptions.id, subscriptionId));
    if (found === undefined) throw new Error(`there is no subscription ${subscriptionId}`);
    return found;
  }

  const invoicesOf = (subscriptionId: string) =>
    db
      .select()
      .from(invoices)
      .where(eq(invoices.subscriptionId, subscriptionId))
      .orderBy(asc(invoices.createdAt), asc(invoices.id));

  async function attemptsOf(subscriptionId: string): Promise<InvoicePayment[]> {
    const rows = await db
      .select({ attempt: invoicePayments })
      .from(invoicePayments)
      .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
      .where(eq(invoices.subscriptionId, subscriptionId))
      .orderBy(asc(invoices.createdAt), asc(invoices.id), asc(invoicePayments.attempt));
    return rows.map(({ attempt }) => attempt);
  }

  const mailsOf = async (person: Person): Promise<string[]> => {
    const rows = await db
      .select({ kind: mails.kind })
      .from(mails)
      .where(eq(mails.userId, person.id))
      .orderBy(asc(mails.createdAt), asc(mails.id));
    return rows.map(({ kind }) => kind);
  };

  /** The last mail of a kind to somebody. */
  async function mailOf(person: Person, kind: MailKind) {
    const [mail] = await db
      .select()
      .from(mails)
      .where(and(eq(mails.userId, person.id), eq(mails.kind, kind)))
      .orderBy(desc(mails.createdAt))
      .limit(1);
    return mail && { ...mail, params: await openParams(db, mail) };
  }

  const became = (subscriptionId: string, status: Subscription['status']) =>
    until(
      () => row(subscriptionId),
      (seen) => seen.status === status,
    );

  /** Its first invoice is paid, by the good card unless another one is named. */
  async function active(
    { card, ...wish }: Wish & { readonly card?: string } = {},
    known?: Person,
  ): Promise<{ readonly person: Person; readonly id: string; readonly invoiceId: string }> {
    const person = known ?? (await makePerson(world, 'user'));
    const { done, psp } = await subscribed(person, wish);
    const { subscriptionId: id, invoiceId, attemptId } = done;
    if (invoiceId === undefined || attemptId === undefined) throw new Error('there is nothing to pay');
    if (psp.kind === 'unanswered') await lastAttempt(id, ({ providerStatus }) => providerStatus !== null);
    world.psp.control.pay(attemptId, card === undefined ? {} : { card });
    await became(id, 'active');
    return { person, id, invoiceId };
  }

  /** So much billing time passes at once for one subscription; its workflow is woken, as its timer would. */
  async function pass(subscriptionId: string, ms: number): Promise<void> {
    await age(subscriptionId, ms);
    await world.engine.wakeSubscription(await label(subscriptionId));
  }

  /** All that is written of it in billing time lies so much further back. */
  async function age(subscriptionId: string, ms: number): Promise<void> {
    const back = sql.raw(`- interval '${ms} milliseconds'`);
    await db.transaction(async (tx) => {
      await tx.execute(sql`SET CONSTRAINTS ALL DEFERRED`);
      await tx.execute(sql`UPDATE subscriptions SET anchor_at = anchor_at ${back},
        current_period_start = current_period_start ${back}, current_period_end = current_period_end ${back},
        trial_end = trial_end ${back}, dunning_since = dunning_since ${back}, next_due_at = next_due_at ${back},
        moves_price_after = moves_price_after ${back}, created_at = created_at ${back} WHERE id = ${subscriptionId}`);
      await tx.execute(sql`UPDATE invoices SET period_start = period_start ${back}, period_end = period_end ${back},
        paid_at = paid_at ${back}, created_at = created_at ${back} WHERE subscription_id = ${subscriptionId}`);
      await tx.execute(sql`UPDATE subscription_changes SET quoted_at = quoted_at ${back},
        created_at = created_at ${back} WHERE subscription_id = ${subscriptionId}`);
      await tx.execute(sql`UPDATE revenue_schedules SET starts_at = starts_at ${back}, ends_at = ends_at ${back}
        WHERE invoice_id IN (SELECT id FROM invoices WHERE subscription_id = ${subscriptionId})`);
    });
  }

  /** Until just behind the end of its period and the renewal's jitter. */
  async function passPeriod(subscriptionId: string, beyondMs = 11 * 60_000): Promise<void> {
    const { currentPeriodEnd } = await row(subscriptionId);
    if (currentPeriodEnd === null) throw new Error('it has no period');
    await pass(subscriptionId, Math.max(currentPeriodEnd.getTime() - Date.now(), 0) + beyondMs);
  }

  /** Its attempts, once the last one is as told. */
  const lastAttempt = (subscriptionId: string, isSo: (last: InvoicePayment) => boolean) =>
    until(
      () => attemptsOf(subscriptionId),
      (attempts) => attempts.length > 0 && isSo(attempts[attempts.length - 1]!),
    );

  /** Nothing is to be done: its workflow waits for a time, or has ended. */
  const rests = (subscriptionId: string) =>
    eventually(async () => {
      const state = await world.temporal.workflow
        .getHandle(`subscription/${subscriptionId}`)
        .query<{ kind: string }>('state');
      if (state.kind !== 'wait') throw new Error(`it is at ${state.kind}`);
    });

  /** The live subscription of a person, or the last one. */
  async function ofPerson({ id }: Person): Promise<Subscription> {
    const [found] = await db
      .select()
      .from(subscriptions)
      .where(eq(subscriptions.userId, id))
      .orderBy(desc(subscriptions.createdAt))
      .limit(1);
    if (found === undefined) throw new Error('they have no subscription');
    return found;
  }

  /** The client secret of an attempt is of no use any more, here and at the PSP. */
  async function expireSecret(attemptId: string): Promise<void> {
    world.psp.control.expireSecret(attemptId);
    await db
      .update(invoicePayments)
      .set({ clientSecretExpiresAt: sql`clock_timestamp() - interval '1 second'` })
      .where(eq(invoicePayments.id, attemptId));
  }

  /** Its holder puts a card on file by a set-up payment, by default the good one. */
  async function giveCard(subscriptionId: string, card?: string): Promise<Subscription> {
    const before = await row(subscriptionId);
    const setup = await ask(subscriptionId, { do: 'payment_method' });
    if (!('done' in setup)) throw new Error(JSON.stringify(setup));
    world.psp.control.pay(setup.done.setupId!, card === undefined ? {} : { card });
    return until(
      () => row(subscriptionId),
      ({ cardBegunAt }) => cardBegunAt?.getTime() !== before.cardBegunAt?.getTime(),
    );
  }

  /** A call for one of its attempts that was under way has arrived by now, or never will. */
  async function callsArrived(subscriptionId: string): Promise<void> {
    await db.execute(sql`UPDATE invoice_payments SET asked_at = asked_at - interval '1 hour',
      last_asked_at = last_asked_at - interval '1 hour'
      WHERE invoice_id IN (SELECT id FROM invoices WHERE subscription_id = ${subscriptionId})`);
  }

  /** The PSP's id of a card on file. */
  async function providerCard(paymentMethodId: string): Promise<string> {
    const [card] = await db.select().from(paymentMethods).where(eq(paymentMethods.id, paymentMethodId));
    if (card === undefined) throw new Error(`there is no card ${paymentMethodId}`);
    return card.providerPaymentMethodId;
  }

  /** On the calls that would charge this person. */
  const onCharges = (person: Person, fault: Parameters<typeof world.psp.control.addFault>[0]): string =>
    world.psp.control.addFault({
      ...fault,
      match: 'payments.create',
      where: { customer_id: person.id },
    } as typeof fault);

  /** So many periods were paid, and it is in the last of them. */
  const paid = async (subscriptionId: string, periods: number): Promise<Subscription> => {
    await until(
      async () => (await invoicesOf(subscriptionId)).filter(({ status }) => status === 'paid').length,
      (seen) => seen === periods,
    );
    return row(subscriptionId);
  };

  return {
    ...{ callsArrived, expireSecret, giveCard, ofPerson, onCharges, paid, providerCard },
    ...{
      active,
      age,
      answered,
      ask,
      attemptsOf,
      became,
      invoicesOf,
      label,
      lastAttempt,
      mailOf,
      mailsOf,
      pass,
      passPeriod,
      priceOf,
    },
    ...{ rests, row, subscribe, subscribed },
  };
}
