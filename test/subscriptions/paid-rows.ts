import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Db } from '../../db/client.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { attemptId, openAttempt } from '../../db/subscriptions/attempts/open.ts';
import { settleAttempt } from '../../db/subscriptions/attempts/settle.ts';
import { subscriptionChanges } from '../../db/subscriptions/changes/schema.ts';
import { openInvoice } from '../../db/subscriptions/invoices/open.ts';
import {
  creditNotes,
  invoicePayments,
  invoices,
  revenueSchedules,
} from '../../db/subscriptions/invoices/schema.ts';
import { lockSubscription } from '../../db/subscriptions/lock.ts';
import { readPrice, readPriceAt } from '../../db/subscriptions/prices.ts';
import { subscriptions } from '../../db/subscriptions/schema.ts';
import { transitionSubscription } from '../../db/subscriptions/transition.ts';
import { invoiceStore } from '../../db/subscriptions/invoices/purchase.ts';
import type { Purchases } from '../../db/marketplace/index.ts';
import type { AttemptReport, BillingTerms, ReportedCard } from '../../domain/subscriptions/index.ts';
import { quoteChange } from '../../domain/subscriptions/index.ts';
import { PURCHASES } from '../marketplace/verbs.ts';

const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;

const TERMS: BillingTerms = {
  time: { scale: 1, startMs: 0 },
  paymentTimeoutMs: DAY_MS,
  dunningMs: [DAY_MS, 3 * DAY_MS, 5 * DAY_MS],
  renewalJitterMs: 0,
  renewalGraceMs: 72 * HOUR_MS,
  quoteTtlMs: HOUR_MS,
  minChargeMinor: 50,
  phantomAfterMs: DAY_MS,
  trialReminderMs: 3 * DAY_MS,
  renewalReminderMs: 7 * DAY_MS,
  trialHashKey: 'a key of the tests, as long as it has to be',
  invoiceSeries: 'VZ',
  invoiceIssuer: 'Veza; 1 Sample Street',
};

/** Terms by which it is that moment of billing time now, which must be to come; undefined: real time. */
export const termsAt = (at?: Date): BillingTerms => ({
  ...TERMS,
  ...(at !== undefined && { time: { scale: 2, startMs: 2 * Date.now() - at.getTime() } }),
});

export const CARD: ReportedCard = {
  providerPaymentMethodId: 'pm_4242',
  fingerprint: null,
  brand: 'Visa',
  last4: '4242',
  expMonth: 10,
  expYear: 2030,
};

export const captured = (receivedMinor: number, more: Partial<AttemptReport> = {}): AttemptReport => ({
  verdict: 'captured',
  receivedMinor,
  currency: 'USD',
  message: null,
  providerStatus: null,
  connectorTransactionId: null,
  decline: null,
  card: null,
  attemptCount: 1,
  ...more,
});

export const failed = (code: string | null = 'insufficient_funds', more: Partial<AttemptReport> = {}) =>
  captured(0, {
    verdict: 'failed',
    receivedMinor: null,
    currency: null,
    message: 'no',
    decline: { code, class: code === 'insufficient_funds' ? 'retry' : 'final' },
    ...more,
  });

/** Subscriptions as their verbs write them, without engine and PSP. Billing time is given to each. */
export function subscriptionsOn({ db }: { readonly db: Db }) {
  const one = async (id: string) =>
    (await db.select().from(subscriptions).where(eq(subscriptions.id, id)))[0]!;
  const story = {
    async person(): Promise<string> {
      const id = uuidv7();
      await db.insert(users).values({ id, email: `${id}@example.com`, role: 'user', isVerified: true });
      return id;
    },

    /** A subscription that waits for its first payment, whose buyer is there. */
    async subscribe({ planId = 'creator', cycle = 'monthly' as 'monthly' | 'yearly', userId = '' } = {}) {
      const owner = userId === '' ? await story.person() : userId;
      return db.transaction(async (tx) => {
        const now = new Date();
        const priced = (await readPriceAt(tx, planId, cycle, now))!;
        const [subscription] = await tx
          .insert(subscriptions)
          .values({
            id: uuidv7(),
            userId: owner,
            priceId: priced.price.id,
            status: 'pending_payment',
            createdAt: now,
          })
          .returning();
        const invoice = await openInvoice(tx, subscription!, { reason: 'first', priced, period: null, now });
        await openAttempt(tx, invoice, { onSession: true });
        return { id: subscription!.id, invoiceId: invoice.id, userId: owner };
      });
    },

    /** By default now, and of a renewal when its period begins. */
    async settle(of: string, report: AttemptReport, at?: Date) {
      const [{ start } = { start: null }] = await db
        .select({ start: invoices.periodStart })
        .from(invoicePayments)
        .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
        .where(and(eq(invoicePayments.id, of), eq(invoices.reason, 'renewal'), eq(invoices.status, 'open')));
      return settleAttempt(db, of, report, termsAt(at ?? start ?? undefined));
    },

    /** A subscription whose first payment came, with its card on file. */
    async paid(ask: { planId?: string; cycle?: 'monthly' | 'yearly' } = {}) {
      const opened = await story.subscribe(ask);
      const { amountMinor } = await story.invoice(opened.invoiceId);
      const card = { ...CARD, providerPaymentMethodId: `pm_${opened.id}` };
      await story.settle(opened.invoiceId, captured(amountMinor, { card }));
      return opened;
    },

    /** The invoice of the next period, and its charge to the card on file. */
    async renew(id: string, priceId?: string): Promise<string> {
      return db.transaction(async (tx) => {
        const subscription = await lockSubscription(tx, id);
        const start = subscription.currentPeriodEnd!;
        const priced = await readPrice(tx, priceId ?? subscription.priceId);
        const end = new Date(start.getTime() + 28 * DAY_MS);
        const ask = { reason: 'renewal', priced, period: { start, end }, now: start } as const;
        const invoice = await openInvoice(tx, subscription, ask);
        await openAttempt(tx, invoice, { onSession: false, paymentMethodId: subscription.paymentMethodId });
        return invoice.id;
      });
    },

    /** The next attempt of an invoice whose last one is over. */
    async tryAgain(invoiceId: string): Promise<string> {
      return db.transaction(async (tx) => {
        const invoice = await story.invoice(invoiceId);
        const { paymentMethodId } = await one(invoice.subscriptionId);
        return (await openAttempt(tx, invoice, { onSession: false, paymentMethodId })).id;
      });
    },

    /** A change that is charged at once. */
    async change(id: string, planId: string, cycle: 'monthly' | 'yearly', at: Date) {
      return db.transaction(async (tx) => {
        const subscription = await lockSubscription(tx, id);
        const present = await readPrice(tx, subscription.priceId);
        const priced = (await readPriceAt(tx, planId, cycle, new Date()))!;
        const quote = quoteChange({
          oldPriceMinor: present.price.amountMinor,
          newPriceMinor: priced.price.amountMinor,
          fromCycle: present.price.billingCycle,
          toCycle: cycle,
          periodStartMs: subscription.currentPeriodStart!.getTime(),
          periodEndMs: subscription.currentPeriodEnd!.getTime(),
          atMs: at.getTime(),
          refundedMinor: 0,
          minChargeMinor: TERMS.minChargeMinor,
          currency: 'USD',
        });
        const period = { start: new Date(quote.periodStartMs), end: new Date(quote.periodEndMs) };
        const lines = quote.lines.map((line) => ({ ...line, description: line.kind }));
        const invoice = await openInvoice(tx, subscription, {
          reason: 'change',
          priced,
          period,
          lines,
          now: at,
        });
        await openAttempt(tx, invoice, { onSession: false, paymentMethodId: subscription.paymentMethodId });
        const [change] = await tx
          .insert(subscriptionChanges)
          .values({
            id: uuidv7(),
            subscriptionId: id,
            toPriceId: priced.price.id,
            quotedAt: at,
            invoiceId: invoice.id,
            status: 'pending',
            createdAt: at,
          })
          .returning();
        return { invoiceId: invoice.id, changeId: change!.id, amountMinor: invoice.amountMinor };
      });
    },

    /** As the verb of cancelling leaves it. */
    async cancelAtEnd(id: string) {
      await db.transaction(async (tx) =>
        transitionSubscription(tx, await lockSubscription(tx, id), 'canceling', {
          cancelCause: 'person',
          cancelRequestedAt: new Date(),
        }),
      );
    },

    subscription: one,
    invoice: async (id: string) => (await db.select().from(invoices).where(eq(invoices.id, id)))[0]!,
    attempt: async (invoiceId: string, number = 1) =>
      (
        await db
          .select()
          .from(invoicePayments)
          .where(eq(invoicePayments.id, attemptId(invoiceId, number)))
      )[0]!,
    schedule: async (invoiceId: string) =>
      (await db.select().from(revenueSchedules).where(eq(revenueSchedules.invoiceId, invoiceId)))[0]!,
    changeOf: async (id: string) =>
      (await db.select().from(subscriptionChanges).where(eq(subscriptionChanges.id, id)))[0]!,
    creditNotesOf: async (invoiceId: string) =>
      db.select().from(creditNotes).where(eq(creditNotes.invoiceId, invoiceId)),
    mailsTo: async (userId: string, kind?: string) =>
      (
        await db
          .select({ kind: mails.kind })
          .from(mails)
          .where(
            and(eq(mails.userId, userId), kind === undefined ? undefined : eq(mails.kind, kind as never)),
          )
      ).map((mail) => mail.kind),
    /** What refunds may be of, at a moment of billing time. */
    purchases: (at?: Date): Purchases => ({ ...PURCHASES, invoice: invoiceStore(termsAt(at)) }),
  };
  return story;
}
export type Subscriptions = ReturnType<typeof subscriptionsOn>;
