import { eq, TransactionRollbackError } from 'drizzle-orm';
import { v5 as uuidv5, v7 as uuidv7, validate } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { checkBooks } from '../../db/invariants/index.ts';
import { ledgerEntries } from '../../db/ledger/index.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { chargeableCard } from '../../db/subscriptions/chargeable-card.ts';
import { voidOpenInvoice } from '../../db/subscriptions/invoices/void.ts';
import { lockAttempt, lockSubscription } from '../../db/subscriptions/lock.ts';
import { attemptId, openAttempt } from '../../db/subscriptions/attempts/open.ts';
import { invoices } from '../../db/subscriptions/invoices/schema.ts';
import { askAttempt } from '../../db/subscriptions/attempts/ask.ts';
import { recordAttemptAnswer } from '../../db/subscriptions/attempts/record-answer.ts';
import { transitionAttempt } from '../../db/subscriptions/attempts/transition.ts';
import { takeCaptured } from '../../db/subscriptions/attempts/take.ts';
import { endSubscription } from '../../db/subscriptions/end.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { periodOf } from '../../domain/subscriptions/periods.ts';
import { captured, CARD, DAY_MS, failed, type Subscriptions, subscriptionsOn, termsAt } from './paid-rows.ts';

const database = await ownDatabase();
const { db, sql } = database;
let story: Subscriptions;

beforeAll(() => {
  story = subscriptionsOn(database);
});

const postedFor = async (id: string) =>
  Object.fromEntries(
    (
      await db
        .select({ account: ledgerEntries.account, amountMinor: ledgerEntries.amountMinor })
        .from(ledgerEntries)
        .where(eq(ledgerEntries.rootId, id))
        .orderBy(ledgerEntries.id)
    ).map(({ account, amountMinor }) => [account, amountMinor]),
  );

const refundsOf = (invoiceId: string) => db.select().from(refunds).where(eq(refunds.invoiceId, invoiceId));

const flagsOf = async (subject: string) =>
  (await sql<{ kind: string }[]>`SELECT kind FROM ops_flags WHERE subject = ${subject} ORDER BY id`).map(
    ({ kind }) => kind,
  );

const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

test('a secret of which the PSP does not say when it dies dies when it was asked to', async () => {
  const { invoiceId } = await story.subscribe();
  await askAttempt(db, invoiceId, termsAt());
  const answer = { status: 'requires_payment_method', clientSecret: 'secret', connectorTransactionId: null };
  await recordAttemptAnswer(db, invoiceId, { ...answer, expiresAt: null }, 900);
  const { askedAt, clientSecretExpiresAt } = await story.attempt(invoiceId);
  expect(clientSecretExpiresAt!.getTime() - askedAt!.getTime()).toBe(900_000);
  const said = '2030-01-01T00:00:00.000Z';
  await recordAttemptAnswer(db, invoiceId, { ...answer, expiresAt: said }, 900);
  expect((await story.attempt(invoiceId)).clientSecretExpiresAt!.toISOString()).toBe(said);
});

describe('the id of an attempt', () => {
  const invoiceId = '01998000-0000-7000-8000-000000000002';

  test('the first has its invoice’s; the others the same for ever, which the PSP is asked for again', () => {
    expect(attemptId(invoiceId, 1)).toBe(invoiceId);
    expect(attemptId(invoiceId, 2)).toBe(uuidv5('2', invoiceId));
    expect(attemptId(invoiceId, 2)).toBe('b93d3c86-ed67-5340-8cc7-6bbb3701f1df');
  });

  test('of an invoice of an older system, whose id RFC 9562 does not know', async () => {
    const { id } = await story.paid();
    const odd = 'ffffffff-ffff-ffff-0fff-0123456789ab';
    const opened: string[] = [];
    const imported = db.transaction(async (tx) => {
      const [invoice] = await tx.select().from(invoices).where(eq(invoices.subscriptionId, id)).limit(1);
      const row = { ...invoice!, id: odd, status: 'open', number: null, paidAt: null } as const;
      const [written] = await tx
        .insert(invoices)
        .values({ ...row, reason: 'change' })
        .returning();
      for (let attempts = 0; attempts < 3; attempts += 1) {
        const attempt = await openAttempt(tx, written!, { onSession: false, paymentMethodId: null });
        opened.push((await transitionAttempt(tx, attempt, 'failed', {})).id);
      }
      tx.rollback();
    });
    await expect(imported).rejects.toThrow(TransactionRollbackError);
    expect(opened).toEqual([1, 2, 3].map((attempt) => attemptId(odd, attempt)));
    expect(new Set(opened).size).toBe(3);
    expect(opened.slice(1).map((one) => validate(one))).toEqual([true, true]);
  });
});

describe('the first payment', () => {
  test('is the word of the PSP: number, period, ledger, service owed, card and receipt in one go, once', async () => {
    const { id, invoiceId, userId } = await story.subscribe();
    const before = Date.now();
    const settled = await story.settle(
      invoiceId,
      captured(999, { card: CARD, connectorTransactionId: 'pi_1' }),
    );
    expect(settled).toEqual({ outcome: 'paid', subscriptionId: id, isPeriodSettled: true });
    const again = await story.settle(invoiceId, captured(999, { card: CARD }));
    expect(again).toEqual({ outcome: 'already_decided', subscriptionId: id, isPeriodSettled: false });
    const invoice = await story.invoice(invoiceId);
    expect(invoice).toMatchObject({
      status: 'paid',
      hyperswitchPaymentId: invoiceId,
      issuer: 'Veza; 1 Sample Street',
    });
    expect(invoice.number).toMatch(/^VZ-\d{4}-\d{6}$/);
    const subscription = await story.subscription(id);
    expect(subscription).toMatchObject({
      status: 'active',
      periodIndex: 0,
      anchorAt: invoice.paidAt,
      currentPeriodStart: invoice.paidAt,
      currentPeriodEnd: invoice.periodEnd,
    });
    expect(subscription.anchorAt!.getTime()).toBeGreaterThanOrEqual(before);
    expect(subscription.paymentMethodId).not.toBeNull();
    expect(await story.attempt(invoiceId)).toMatchObject({
      status: 'succeeded',
      receivedMinor: 999,
      receivedCurrency: 'USD',
      clientSecret: null,
      connectorTransactionId: 'pi_1',
      capturedAt: expect.any(Date) as Date,
    });
    expect(await postedFor(invoiceId)).toEqual({ 'cash:psp': 999, 'platform:deferred': -999 });
    expect(await story.schedule(invoiceId)).toMatchObject({ amountMinor: 999, recognisedMinor: 0 });
    expect(await story.mailsTo(userId)).toEqual(['invoice_receipt', 'subscription_started']);
  });

  test('no access and no receipt before the word: a refusal leaves it as it was', async () => {
    const { id, invoiceId, userId } = await story.subscribe();
    const settled = await story.settle(invoiceId, failed('insufficient_funds'));
    expect(settled).toEqual({ outcome: 'failed', subscriptionId: id, isPeriodSettled: false });
    expect(await story.subscription(id)).toMatchObject({ status: 'pending_payment' });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'open', number: null });
    expect(await story.attempt(invoiceId)).toMatchObject({
      status: 'failed',
      declineCode: 'insufficient_funds',
      declineClass: 'retry',
    });
    expect(await story.mailsTo(userId)).toEqual([]);
    // The PSP's later word counts.
    await story.settle(invoiceId, captured(999));
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
  });

  test.each([
    ['another amount', captured(998)],
    ['another currency', captured(999, { currency: 'EUR' })],
  ])('wrong amount: of %s it is held and given back, and the invoice waits on', async (_, report) => {
    const { id, invoiceId } = await story.subscribe();
    const settled = await story.settle(invoiceId, report);
    expect(settled).toMatchObject({ outcome: 'given_back', isPeriodSettled: false });
    expect(await story.subscription(id)).toMatchObject({ status: 'pending_payment' });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'open', number: null });
    const [refund] = await refundsOf(invoiceId);
    expect(refund).toMatchObject({
      kind: 'payment_returned',
      status: 'pending',
      paymentId: invoiceId,
      amountMinor: report.receivedMinor,
      currency: report.currency,
    });
    expect(settled.giveBack).toMatchObject({ refundId: refund!.id });
    expect(await flagsOf(`invoice/${invoiceId}`)).toEqual(['amount_differs']);
    const minor = report.receivedMinor!;
    expect(await postedFor(invoiceId)).toEqual({ 'cash:psp': minor, 'suspense:invoice': -minor });
    const again = await story.settle(invoiceId, report);
    expect(again).toMatchObject({ outcome: 'already_decided', giveBack: { refundId: refund!.id } });
    await settleRefund(db, refund!.id, { providerRefundId: refund!.id }, story.purchases());
    expect(await story.attempt(invoiceId)).toMatchObject({ status: 'given_back' });
    expect(await postedFor(invoiceId)).toEqual({ 'cash:psp': -minor, 'suspense:invoice': minor });
  });

  test('late payment of a dead row: given back, and the row stays dead', async () => {
    const { id, invoiceId } = await story.subscribe();
    await db.transaction(async (tx) =>
      endSubscription(tx, await lockSubscription(tx, id), {
        to: 'expired',
        reason: 'unpaid',
        now: new Date(),
      }),
    );
    const settled = await story.settle(invoiceId, captured(999, { card: CARD }));
    expect(settled).toMatchObject({ outcome: 'given_back', isPeriodSettled: false });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', paymentMethodId: null });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'void', number: null });
    expect(await flagsOf(`invoice/${invoiceId}`)).toEqual(['late_payment']);
  });

  test('captured and cancelled by the PSP, in whichever order the words come: nothing is given twice', async () => {
    const cancelled = failed(null, { verdict: 'cancelled_post_capture', decline: null });
    const first = await story.subscribe();
    expect(await story.settle(first.invoiceId, cancelled)).toMatchObject({ outcome: 'failed' });
    expect(await story.settle(first.invoiceId, captured(999))).toMatchObject({ outcome: 'cancelled' });
    expect(await story.subscription(first.id)).toMatchObject({ status: 'pending_payment' });
    const second = await story.paid();
    expect(await story.settle(second.invoiceId, cancelled)).toMatchObject({ outcome: 'cancelled' });
    expect(await story.subscription(second.id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
    for (const { invoiceId } of [first, second]) {
      expect(await refundsOf(invoiceId)).toMatchObject([
        {
          kind: 'external',
          status: 'succeeded',
          amountMinor: 999,
          hyperswitchRefundId: `cancelled:${invoiceId}`,
        },
      ]);
      expect(await story.settle(invoiceId, cancelled)).toMatchObject({ isPeriodSettled: false });
      expect(await refundsOf(invoiceId)).toHaveLength(1);
    }
  });

  test('retried by the PSP itself: people are told to switch that off', async () => {
    const { invoiceId } = await story.subscribe();
    await story.settle(invoiceId, captured(999, { attemptCount: 2 }));
    expect(await flagsOf('hyperswitch')).toEqual(['psp_retries_itself']);
  });
});

describe('a renewal', () => {
  test('moves the period by its payment, from the anchor', async () => {
    const { id } = await story.paid();
    const { anchorAt, currentPeriodEnd } = await story.subscription(id);
    const invoiceId = await story.renew(id);
    expect(await story.subscription(id)).toMatchObject({ currentPeriodEnd });
    await story.settle(invoiceId, captured(999), later(currentPeriodEnd!, 60_000));
    const after = await story.subscription(id);
    expect(after).toMatchObject({
      status: 'active',
      anchorAt,
      periodIndex: 1,
      currentPeriodStart: currentPeriodEnd,
    });
    expect(await story.invoice(invoiceId)).toMatchObject({
      periodStart: currentPeriodEnd,
      periodEnd: after.currentPeriodEnd,
    });
  });

  test('that is paid beyond the grace begins with its payment: days without access are not sold', async () => {
    const { id } = await story.paid();
    const { currentPeriodEnd } = await story.subscription(id);
    const invoiceId = await story.renew(id);
    const paidAt = later(currentPeriodEnd!, 3 * DAY_MS);
    await story.settle(invoiceId, captured(999), paidAt);
    const { anchorAt, ...after } = await story.subscription(id);
    expect(anchorAt!.getTime()).toBeGreaterThanOrEqual(paidAt.getTime());
    expect(after).toMatchObject({ status: 'active', periodIndex: 0, currentPeriodStart: anchorAt });
    const { startMs, endMs } = periodOf(anchorAt!.getTime(), 'monthly', 0);
    const period = { periodStart: new Date(startMs), periodEnd: new Date(endMs) };
    expect(after.currentPeriodEnd).toEqual(period.periodEnd);
    expect(await story.invoice(invoiceId)).toMatchObject({ ...period, paidAt: anchorAt });
    expect(await story.schedule(invoiceId)).toMatchObject({
      ...{ amountMinor: 999, recognisedMinor: 0 },
      ...{ startsAt: period.periodStart, endsAt: period.periodEnd },
    });
  });

  test('that is refused makes it past due, and a card added when past due: new anchor', async () => {
    const { id, userId } = await story.paid();
    const { currentPeriodEnd } = await story.subscription(id);
    const invoiceId = await story.renew(id);
    const refusedAt = later(currentPeriodEnd!, 60_000);
    const refused = await story.settle(invoiceId, failed('insufficient_funds'), refusedAt);
    expect(refused).toMatchObject({ outcome: 'failed', isPeriodSettled: true });
    const pastDue = await story.subscription(id);
    expect(pastDue).toMatchObject({ status: 'past_due', dunningIndex: 0 });
    expect(pastDue.dunningSince!.getTime()).toBeGreaterThanOrEqual(refusedAt.getTime());
    expect(await story.mailsTo(userId, 'payment_failed')).toHaveLength(1);
    const second = await story.tryAgain(invoiceId);
    const again = await story.settle(second, failed('insufficient_funds'), later(refusedAt, DAY_MS));
    expect(again).toMatchObject({ outcome: 'failed', isPeriodSettled: false });
    expect(await story.subscription(id)).toMatchObject({ dunningSince: pastDue.dunningSince });
    const third = await story.tryAgain(invoiceId);
    const paidAt = later(refusedAt, 3 * DAY_MS);
    await story.settle(third, captured(999), paidAt);
    const after = await story.subscription(id);
    expect(after).toMatchObject({ status: 'active', dunningSince: null, periodIndex: 0 });
    expect(after.anchorAt!.getTime()).toBeGreaterThanOrEqual(paidAt.getTime());
    expect(after.currentPeriodStart).toEqual(after.anchorAt);
    expect(await story.invoice(invoiceId)).toMatchObject({
      hyperswitchPaymentId: third,
      periodStart: after.anchorAt,
    });
    expect(await story.mailsTo(userId, 'subscription_recovered')).toHaveLength(1);
  });

  test('failed, retried, both succeed: one is given back', async () => {
    const { id } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed());
    const second = await story.tryAgain(invoiceId);
    expect(await story.settle(second, captured(999))).toMatchObject({ outcome: 'paid' });
    const twice = await story.settle(invoiceId, captured(999));
    expect(twice).toMatchObject({ outcome: 'given_back', isPeriodSettled: false });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'paid', hyperswitchPaymentId: second });
    expect(await refundsOf(invoiceId)).toMatchObject([{ paymentId: invoiceId, amountMinor: 999 }]);
    expect(await flagsOf(`invoice/${invoiceId}`)).toEqual(['double_payment']);
  });

  test('refused for good: its card is charged by nothing until it turns out that it was charged after all', async () => {
    const { id } = await story.paid();
    const { paymentMethodId } = await story.subscription(id);
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed('stolen_card'));
    const card = () => chargeableCard(db, { paymentMethodId }, { scale: 1 });
    expect(await card()).toBeNull();
    await story.settle(invoiceId, captured(999));
    expect(await card()).toBe(paymentMethodId);
  });

  test('refused as often as card networks suffer: its card rests until the first refusals are a month old', async () => {
    const { id } = await story.paid();
    const { paymentMethodId } = await story.subscription(id);
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed());
    const card = (scale = 1) => chargeableCard(db, { paymentMethodId }, { scale });
    const refuse = (attempts: number) => sql`
      INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, payment_method_id, amount_minor, currency, status, asked_at)
      SELECT gen_random_uuid(), ${invoiceId}, last + n, false, ${paymentMethodId}, 999, 'USD', 'failed', now()
      FROM generate_series(1, ${attempts}::int) AS n,
        (SELECT max(attempt) AS last FROM invoice_payments WHERE invoice_id = ${invoiceId}) AS known`;
    await sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${invoiceId}`;
    await refuse(12);
    expect(await card()).toBe(paymentMethodId);
    await refuse(1);
    expect(await card()).toBeNull();
    // Ten times as fast, 30 days are three of the clock's.
    await sql`UPDATE invoice_payments SET asked_at = now() - interval '4 days' WHERE id = ${invoiceId}`;
    expect(await card()).toBeNull();
    expect(await card(10)).toBe(paymentMethodId);
    await sql`UPDATE invoice_payments SET asked_at = now() - interval '31 days' WHERE id = ${invoiceId}`;
    expect(await card()).toBe(paymentMethodId);
    await sql`DELETE FROM invoice_payments WHERE invoice_id = ${invoiceId} AND id <> ${invoiceId}`;
  });

  test('refused for good: dunning charges nothing, and leaves the payment of a buyer who is there while its secret lives', async () => {
    const { id, userId } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed('stolen_card'));
    const { dunningSince } = await story.subscription(id);
    const pay = await db.transaction(async (tx) =>
      openAttempt(tx, await story.invoice(invoiceId), { onSession: true }),
    );
    await sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'requires_payment_method',
      client_secret_expires_at = now() + interval '1 hour' WHERE id = ${pay.id}`;
    const step = (days: number) => advance(db, id, termsAt(later(dunningSince!, days * DAY_MS + 60_000)));
    for (const [at, days] of [1, 3].entries()) {
      expect(await step(days)).toMatchObject({ kind: 'wait' });
      expect(await story.subscription(id)).toMatchObject({ status: 'past_due', dunningIndex: at + 1 });
      expect(await story.mailsTo(userId, 'payment_failed')).toHaveLength(at + 2);
    }
    // The last step ends it all, and waits for the buyer.
    const held = await step(5);
    expect(held).toMatchObject({ kind: 'wait' });
    const inAnHour = { delayMs: expect.closeTo(60 * 60_000, -6) as number };
    expect(held).toMatchObject(inAnHour);
    expect(await story.attempt(invoiceId, 2)).toMatchObject({ status: 'pending', endRequestedAt: null });
    expect(await story.subscription(id)).toMatchObject({ status: 'past_due' });
    await sql`UPDATE invoice_payments SET client_secret_expires_at = now() WHERE id = ${pay.id}`;
    expect(await step(5)).toMatchObject({ kind: 'end', attemptId: pay.id });
    await story.settle(pay.id, failed(null, { decline: null }));
    expect(await step(5)).toMatchObject({ kind: 'ended' });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'dunning_over' });
    expect(await story.mailsTo(userId, 'payment_failed')).toHaveLength(4);
  });

  test('refused for now: a step of dunning that charges the card ends the payment of its buyer first', async () => {
    const { id } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed());
    const { dunningSince } = await story.subscription(id);
    const pay = await db.transaction(async (tx) =>
      openAttempt(tx, await story.invoice(invoiceId), { onSession: true }),
    );
    await sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'requires_payment_method',
      client_secret_expires_at = now() + interval '1 hour' WHERE id = ${pay.id}`;
    const terms = termsAt(later(dunningSince!, DAY_MS + 60_000));
    expect(await advance(db, id, terms)).toMatchObject({ kind: 'end', attemptId: pay.id });
  });

  test('of one that was cancelled while it was in flight: paid to its end, or void', async () => {
    const [paid, refused] = [await story.paid(), await story.paid()];
    const [ofPaid, ofRefused] = [await story.renew(paid.id), await story.renew(refused.id)];
    for (const { id } of [paid, refused]) await story.cancelAtEnd(id);
    await story.settle(ofPaid, captured(999));
    expect(await story.subscription(paid.id)).toMatchObject({ status: 'canceling', periodIndex: 1 });
    await story.settle(ofRefused, failed());
    expect(await story.subscription(refused.id)).toMatchObject({ status: 'canceling', periodIndex: 0 });
    expect(await story.invoice(ofRefused)).toMatchObject({ status: 'void' });
  });

  test('for which the bank wants the buyer says so, and is final', async () => {
    const { id, userId } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed('requires_customer_action'));
    expect(await story.subscription(id)).toMatchObject({ status: 'past_due' });
    expect(await story.attempt(invoiceId)).toMatchObject({ declineClass: 'final' });
    expect(await story.mailsTo(userId)).toContain('bank_wants_you');
    expect(await story.mailsTo(userId, 'payment_failed')).toEqual([]);
  });
});

describe('a change at once', () => {
  const halfOf = async (id: string) => {
    const { currentPeriodStart, currentPeriodEnd } = await story.subscription(id);
    return new Date((currentPeriodStart!.getTime() + currentPeriodEnd!.getTime()) / 2);
  };

  test('upgrade: to the cent, by its payment, in the same period', async () => {
    const { id, userId } = await story.paid();
    const before = await story.subscription(id);
    const at = await halfOf(id);
    const change = await story.change(id, 'premium', 'monthly', at);
    expect(change.amountMinor).toBe(500);
    expect(await story.subscription(id)).toMatchObject({ priceId: before.priceId });
    await story.settle(change.invoiceId, captured(500), at);
    const { anchorAt, currentPeriodEnd, periodIndex } = before;
    const after = await story.subscription(id);
    expect(after).toMatchObject({ status: 'active', anchorAt, currentPeriodEnd, periodIndex });
    expect(after.priceId).not.toBe(before.priceId);
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'applied' });
    expect(await story.schedule(change.invoiceId)).toMatchObject({
      amountMinor: 500,
      startsAt: at,
      endsAt: currentPeriodEnd,
    });
    expect(await story.mailsTo(userId)).toContain('subscription_changed');
  });

  test('refused: the change failed, all else as it was, no dunning', async () => {
    const { id, userId } = await story.paid();
    const before = await story.subscription(id);
    const change = await story.change(id, 'premium', 'monthly', new Date());
    const settled = await story.settle(change.invoiceId, failed());
    expect(settled).toMatchObject({ outcome: 'failed', isPeriodSettled: false });
    expect(await story.subscription(id)).toEqual(before);
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'failed' });
    expect(await story.invoice(change.invoiceId)).toMatchObject({ status: 'void' });
    expect(await story.mailsTo(userId)).toContain('change_failed');
  });

  test('bank wants the buyer: the change waits for them', async () => {
    const { id } = await story.paid();
    const change = await story.change(id, 'premium', 'monthly', new Date());
    await story.settle(change.invoiceId, failed('requires_customer_action'));
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'pending' });
    expect(await story.invoice(change.invoiceId)).toMatchObject({ status: 'open' });
  });

  test('paid after its period: given back, since nothing of it can be had any more', async () => {
    const { id } = await story.paid();
    const { currentPeriodEnd } = await story.subscription(id);
    const change = await story.change(id, 'premium', 'monthly', new Date());
    const settled = await story.settle(
      change.invoiceId,
      captured(change.amountMinor),
      later(currentPeriodEnd!, 1),
    );
    expect(settled).toMatchObject({ outcome: 'given_back' });
    expect(await flagsOf(`invoice/${change.invoiceId}`)).toEqual(['late_payment']);
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'failed' });
  });

  test('to years: a new anchor at the quote, and what the month still owed moves to the year', async () => {
    const { id, invoiceId } = await story.paid();
    const at = await halfOf(id);
    const change = await story.change(id, 'creator', 'yearly', at);
    expect(change.amountMinor).toBe(9_990 - 500);
    await story.settle(change.invoiceId, captured(9_490), at);
    const after = await story.subscription(id);
    expect(after).toMatchObject({ anchorAt: at, periodIndex: 0, currentPeriodStart: at });
    expect(after.currentPeriodEnd!.getUTCFullYear()).toBe(at.getUTCFullYear() + 1);
    // Half a month was given; the other half counts for the year.
    expect(await story.schedule(invoiceId)).toMatchObject({ amountMinor: 500, recognisedMinor: 500 });
    expect(await story.schedule(change.invoiceId)).toMatchObject({ amountMinor: 9_490 + 499, startsAt: at });
  });
});

describe('a price that an operator moved', () => {
  /** Another price of this plan and cycle, which nobody is offered. */
  const raised = async (planId: string, amountMinor: number) => {
    const id = uuidv7();
    await sql`INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from, valid_until)
      SELECT ${id}, ${planId}, 'monthly', ${amountMinor}, 'USD', min(valid_from) - interval '2 days', min(valid_from) - interval '1 day'
      FROM plan_prices`;
    return id;
  };
  const moveTo = (id: string, priceId: string) =>
    sql`UPDATE subscriptions SET moves_to_price_id = ${priceId}, moves_price_after = now() WHERE id = ${id}`;
  /** Its period is over, and the invoice of the next one is open. */
  const renewal = async (id: string) => {
    const { currentPeriodEnd } = await story.subscription(id);
    await advance(db, id, termsAt(later(currentPeriodEnd!, 1)));
    const [open] = await sql<
      { id: string; amount_minor: number; price_id: string }[]
    >`SELECT id, amount_minor::int, price_id FROM invoices WHERE subscription_id = ${id} AND status = 'open'`;
    return open!;
  };

  test('is of no account after an upgrade, and the upgrade renews as it is', async () => {
    const { id } = await story.paid();
    await moveTo(id, await raised('creator', 1199));
    const change = await story.change(id, 'premium', 'monthly', new Date());
    await story.settle(change.invoiceId, captured(change.amountMinor));
    const { priceId, movesToPriceId, movesPriceAfter } = await story.subscription(id);
    expect({ movesToPriceId, movesPriceAfter }).toEqual({ movesToPriceId: null, movesPriceAfter: null });
    expect(await renewal(id)).toMatchObject({ amount_minor: 1999, price_id: priceId });
  });

  test('is of no account after a downgrade, and nobody is charged for what they left', async () => {
    const { id } = await story.paid({ planId: 'premium' });
    await moveTo(id, await raised('premium', 2499));
    const { priceId } = await story.subscription((await story.paid()).id);
    await sql`INSERT INTO subscription_changes (id, subscription_id, to_price_id, quoted_at, status, created_at)
      VALUES (${uuidv7()}, ${id}, ${priceId}, now(), 'scheduled', now())`;
    const first = await renewal(id);
    expect(first).toMatchObject({ amount_minor: 999, price_id: priceId });
    await story.settle(first.id, captured(999));
    expect(await story.subscription(id)).toMatchObject({
      priceId,
      movesToPriceId: null,
      movesPriceAfter: null,
    });
    expect(await renewal(id)).toMatchObject({ amount_minor: 999, price_id: priceId });
  });

  test('never changes a plan or cycle, whatever the row says', async () => {
    const { id } = await story.paid({ planId: 'premium' });
    await moveTo(id, await raised('creator', 1199));
    expect(await renewal(id)).toMatchObject({ amount_minor: 1999 });
  });

  test('counts until a renewal with it is paid, also where its first invoice was void', async () => {
    const { id } = await story.paid();
    const priceId = await raised('creator', 1299);
    await moveTo(id, priceId);
    const first = await renewal(id);
    expect(first).toMatchObject({ amount_minor: 1299, price_id: priceId });
    await db.transaction(async (tx) => {
      await lockSubscription(tx, id);
      await voidOpenInvoice(tx, id);
    });
    const second = await renewal(id);
    expect(second).toMatchObject({ amount_minor: 1299, price_id: priceId });
    await story.settle(second.id, captured(1299));
    expect(await story.subscription(id)).toMatchObject({
      priceId,
      movesToPriceId: null,
      movesPriceAfter: null,
    });
  });
});

test('numbers without gap under a hundred payments at once, one rolled back', async () => {
  const opened = [];
  for (let n = 0; n < 101; n += 1) opened.push(await story.subscribe());
  const [dies, ...lives] = opened;
  const year = new Date().getUTCFullYear();
  const numbers = async () => {
    const rows = await sql<
      { number: string }[]
    >`SELECT number FROM invoices WHERE number LIKE ${`VZ-${year}-%`}`;
    return rows.map(({ number }) => Number(number.slice(-6))).toSorted((one, other) => one - other);
  };
  const before = await numbers();
  const rolledBack = db
    .transaction(async (tx) => {
      const locked = await lockAttempt(tx, dies!.invoiceId);
      await takeCaptured(tx, locked, captured(999), { now: new Date(), terms: termsAt() });
      throw new Error('the process dies');
    })
    .catch((error: Error) => error.message);
  // On a slow machine some get no connection in time, and ask again as their callers do.
  const settle = (invoiceId: string): Promise<unknown> =>
    story.settle(invoiceId, captured(999)).catch((error: unknown) => {
      if (error instanceof DatabaseUnavailable) return settle(invoiceId);
      throw error;
    });
  await Promise.all(lives.map(({ invoiceId }) => settle(invoiceId)));
  expect(await rolledBack).toBe('the process dies');
  expect(await story.invoice(dies!.invoiceId)).toMatchObject({ status: 'open', number: null });
  const taken = await numbers();
  expect(taken).toEqual(taken.map((_, at) => at + 1));
  expect(taken).toHaveLength(before.length + 100);
});

test('and the books agree with all of it', async () => {
  const checked = await checkBooks(db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});
