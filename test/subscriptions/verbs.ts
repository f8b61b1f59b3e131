import { and, asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { keepAsk } from '../../db/kernel/index.ts';
import { carryOutAsk } from '../../db/subscriptions/carry-out.ts';
import { invoiceLines, invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { paymentMethods, planPrices, subscriptions } from '../../db/subscriptions/schema.ts';
import { openSubscription } from '../../db/subscriptions/subscribe.ts';
import { users } from '../../db/accounts/schema.ts';
import { subscriptionChanges } from '../../db/subscriptions/changes/schema.ts';
import type { AskedOfSubscription, AskedSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskOutcome, AskResult } from '../../domain/subscriptions/asks.ts';
import type { BillingCycle } from '../../domain/subscriptions/billing-cycle.ts';
import { type BillingTerms, periodOf } from '../../domain/subscriptions/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

export const DAY_MS = 86_400_000;

export const TERMS: BillingTerms = {
  time: { scale: 1, startMs: 0 },
  paymentTimeoutMs: DAY_MS,
  dunningMs: [DAY_MS, 3 * DAY_MS, 5 * DAY_MS],
  renewalJitterMs: 600_000,
  renewalGraceMs: 3 * DAY_MS,
  quoteTtlMs: 600_000,
  minChargeMinor: 50,
  phantomAfterMs: DAY_MS,
  trialReminderMs: 3 * DAY_MS,
  renewalReminderMs: 7 * DAY_MS,
  trialHashKey: 'a-key-for-trials-of-the-tests-only',
  invoiceSeries: 'VZ',
  invoiceIssuer: 'Veza; 1 Sample Street',
};

export type Paid = AskOutcome & { readonly invoiceId: string; readonly attemptId: string };

/** The verbs that people ask for, called as the engine would; no provider, no Temporal. */
export function billingOn({ db, sql }: Pick<DatabaseWithSql, 'db' | 'sql'>) {
  const makePerson = async ({ email = `${uuidv7()}@example.com`, isVerified = true } = {}) => {
    const id = uuidv7();
    await db.insert(users).values({ id, email, role: 'user', isVerified });
    return id;
  };

  const askToSubscribe = async (
    userId: string,
    planId: string,
    { billingCycle = 'monthly' as BillingCycle, trial = false, askId = uuidv7() } = {},
  ) => {
    await keepAsk<AskedSubscription>(db, askId, {
      kind: 'subscription',
      userId,
      planId,
      billingCycle,
      trial,
    });
    return askId;
  };

  /** As the API does: to the ask's own id first, and then where the answer says. */
  const subscribe = async (
    userId: string,
    planId: string,
    wish: { billingCycle?: BillingCycle; trial?: boolean; askId?: string } = {},
  ): Promise<AskResult> => {
    const askId = await askToSubscribe(userId, planId, wish);
    const result = await openSubscription(db, { subscriptionId: askId, askId }, TERMS);
    return 'elsewhere' in result
      ? openSubscription(db, { subscriptionId: result.elsewhere, askId }, TERMS)
      : result;
  };

  const opened = async (...args: Parameters<typeof subscribe>): Promise<Paid> => {
    const result = await subscribe(...args);
    if (!('done' in result)) throw new Error(JSON.stringify(result));
    return result.done as Paid;
  };

  type Wish = AskedOfSubscription extends infer One
    ? One extends AskedOfSubscription
      ? Omit<One, 'kind' | 'userId'>
      : never
    : never;

  const ask = async (subscriptionId: string, wish: Wish, askId: string = uuidv7()): Promise<AskResult> => {
    const { userId } = await subscription(subscriptionId);
    await keepAsk(db, askId, { kind: 'subscription_ask', userId, ...wish } as AskedOfSubscription);
    return carryOutAsk(db, { subscriptionId, askId }, TERMS);
  };

  const subscription = async (id: string) => {
    const [row] = await db.select().from(subscriptions).where(eq(subscriptions.id, id));
    if (row === undefined) throw new Error(`no subscription ${id}`);
    return row;
  };
  const invoice = async (id: string) => {
    const [row] = await db.select().from(invoices).where(eq(invoices.id, id));
    if (row === undefined) throw new Error(`no invoice ${id}`);
    return row;
  };
  const attempt = async (id: string) => {
    const [row] = await db.select().from(invoicePayments).where(eq(invoicePayments.id, id));
    if (row === undefined) throw new Error(`no attempt ${id}`);
    return row;
  };
  const linesOf = async (invoiceId: string) => {
    const lines = await db
      .select()
      .from(invoiceLines)
      .where(eq(invoiceLines.invoiceId, invoiceId))
      .orderBy(asc(invoiceLines.position));
    return lines.map(({ kind, description, amountMinor }) => [kind, description, amountMinor]);
  };
  const changesOf = (subscriptionId: string) =>
    db
      .select()
      .from(subscriptionChanges)
      .where(eq(subscriptionChanges.subscriptionId, subscriptionId))
      .orderBy(asc(subscriptionChanges.createdAt), asc(subscriptionChanges.id));
  const priceId = async (planId: string, billingCycle: BillingCycle) => {
    const [price] = await db
      .select()
      .from(planPrices)
      .where(and(eq(planPrices.planId, planId), eq(planPrices.billingCycle, billingCycle)));
    if (price === undefined) throw new Error(`no price of ${planId}`);
    return price.id;
  };
  const mailsOf = async (userId: string) =>
    (await sql`SELECT kind FROM mails WHERE user_id = ${userId} ORDER BY created_at, id`).map(
      ({ kind }) => kind as string,
    );

  const card = async (userId: string) => {
    const id = uuidv7();
    const shown = { brand: 'Visa', last4: '4242', expMonth: 10, expYear: 2030 };
    await db.insert(paymentMethods).values({ id, userId, providerPaymentMethodId: `pm_${id}`, ...shown });
    return id;
  };

  let numbers = 0;
  /** Writes what a paid invoice leaves behind, with a period that began some time ago. */
  const settle = async ({ subscriptionId, invoiceId, attemptId }: Paid, anchor: Date) => {
    const row = await subscription(subscriptionId);
    const [price] = await db.select().from(planPrices).where(eq(planPrices.id, row.priceId));
    const { startMs, endMs } = periodOf(anchor.getTime(), price!.billingCycle, 0);
    const period = { start: new Date(startMs), end: new Date(endMs) };
    await sql`UPDATE invoice_payments SET status = 'succeeded', asked_at = now() WHERE id = ${attemptId}`;
    numbers += 1;
    await sql`UPDATE invoices SET status = 'paid', number = ${`T-${numbers}`}, paid_at = ${anchor.toISOString()},
      period_start = ${period.start.toISOString()}, period_end = ${period.end.toISOString()},
      hyperswitch_payment_id = ${attemptId} WHERE id = ${invoiceId}`;
    await sql`UPDATE subscriptions SET status = 'active', anchor_at = ${anchor.toISOString()},
      current_period_start = ${period.start.toISOString()}, current_period_end = ${period.end.toISOString()},
      payment_method_id = ${await card(row.userId)} WHERE id = ${subscriptionId}`;
    return period;
  };

  /** A paid subscription, whose period began some time ago. */
  const paid = async (
    planId: string,
    { billingCycle = 'monthly' as BillingCycle, sinceMs = DAY_MS } = {},
  ) => {
    const userId = await makePerson();
    const first = await opened(userId, planId, { billingCycle });
    const period = await settle(first, new Date(Date.now() - sinceMs));
    return { ...first, userId, ...period };
  };

  return {
    ...{ makePerson, askToSubscribe, subscribe, opened, ask, paid, settle, card },
    ...{ subscription, invoice, attempt, linesOf, changesOf, priceId, mailsOf },
  };
}

export const codeOf = (result: AskResult): string =>
  'refused' in result ? result.refused.code : 'done' in result ? 'done' : 'elsewhere';
