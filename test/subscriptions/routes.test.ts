import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepAsk } from '../../db/kernel/keep-ask.ts';
import { invoicePayments } from '../../db/subscriptions/invoices/schema.ts';
import type { AskedSubscription } from '../../domain/subscriptions/index.ts';
import { createLogger } from '../../log.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { eventually, until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { key, overHttp } from './over-http.ts';
import { subscriptionsOf } from './story.ts';

// The page's table of routes over HTTP: what each does.

const CARD_THAT_DECLINES_LATER = '4000000000000341';

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
let http: ReturnType<typeof overHttp>;
let server: RunningServer;
const logLines: string[] = [];
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
  http = overHttp(world, of);
  const log = createLogger('debug', { write: (line) => void logLines.push(line) });
  server = await startServer(world.config, { log });
  world.serveFrom(server.url);
});
afterEach(() => world.psp.control.clearFaults());
afterAll(async () => {
  await server.close();
  await world.close();
});

const isKnownPayment = (paymentId: string) => world.psp.control.hasPayment(paymentId);
const paymentsOf = (who: Person) =>
  world.psp.control.payments().filter(({ customer_id }) => customer_id === who.id);

describe('POST /subscriptions/subscribe', () => {
  it('opens a subscription that waits for its payment, and gives nothing before the webhook', async () => {
    const who = await http.person();
    const { status, body } = await http.subscribe(who);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      subscription: {
        ...{ plan_id: 'creator', billing_cycle: 'monthly', status: 'pending_payment', amount: 999 },
        ...{ currency: 'USD', current_period_start: null, payment_method: null },
        features: { can_sell_on_marketplace: false, can_distribute: false, upload_quota_mb: 500 },
      },
      invoice: {
        status: 'open',
        number: null,
        reason: 'first',
        amount: 999,
        lines: [{ kind: 'plan', amount: 999 }],
      },
      payment: { payment_id: body.invoice?.id, status: 'requires_payment_method' },
    });
    expect(body.payment?.client_secret).toMatch(/_secret_/);
    expect(await http.mine(who)).toMatchObject({
      subscription: null,
      needs_payment: true,
      pending: { subscription: { id: body.subscription?.id }, invoice: { id: body.invoice?.id } },
    });
    world.psp.control.pay(body.payment!.payment_id, { webhook: false });
    expect(await http.mine(who)).toMatchObject({ subscription: null, needs_payment: true });
    world.psp.control.pay(body.payment!.payment_id);
    await of.became(body.subscription!.id, 'active');
    expect(await http.mine(who)).toMatchObject({
      subscription: {
        ...{
          status: 'active',
          payment_method: { brand: 'Visa', last4: '4242', exp_month: 10, exp_year: 2030 },
        },
        features: { can_distribute: true },
      },
      needs_payment: false,
      pending: null,
    });
    const { body: list } = await world.get(who, '/subscriptions/invoices');
    expect(list.data).toMatchObject([{ status: 'paid', payment_id: body.payment?.payment_id }]);
    expect(list.data?.[0]?.number).toMatch(/^VZ-\d{4}-\d{6}$/);
  });

  it('Free and a trial: 201, without invoice and payment', async () => {
    const [free, trial] = [await http.person(), await http.person()];
    expect(await http.subscribe(free, 'free')).toMatchObject({
      status: 201,
      body: { subscription: { plan_id: 'free', status: 'active', amount: 0 }, invoice: null, payment: null },
    });
    const begun = await http.subscribe(trial, 'premium', { trial: true });
    expect(begun).toMatchObject({
      status: 201,
      body: {
        subscription: { status: 'trialing', features: { upload_quota_mb: 102_400 } },
        invoice: null,
        payment: null,
      },
    });
    expect(await http.mine(trial)).toMatchObject({
      subscription: { id: begun.body.subscription?.id },
      pending: null,
    });
  });

  it('again while unpaid, same price: the same rows and a secret that works', async () => {
    const who = await http.person();
    const first = await http.subscribe(who);
    const again = await http.subscribe(who);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(paymentsOf(who)).toHaveLength(1);
  });

  it('same key twice: one subscription and one answer; with another body: 422', async () => {
    for (const plan of ['creator', 'free']) {
      const who = await http.person();
      const headers = key();
      const first = await http.subscribe(who, plan, {}, headers);
      expect(await http.subscribe(who, plan, {}, headers)).toMatchObject({ status: 201, body: first.body });
      const other = await http.subscribe(who, 'premium', {}, headers);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
      expect(await http.rowsOf(who)).toHaveLength(1);
    }
  });

  it('two subscribes at once: one row, one payment', async () => {
    const who = await http.person();
    const answers = await Promise.all([http.subscribe(who), http.subscribe(who)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0].body).toEqual(answers[1].body);
    expect(await http.rowsOf(who)).toHaveLength(1);
    expect(paymentsOf(who)).toHaveLength(1);
  });

  it('two subscribes at once under one key: one row, one payment', async () => {
    const who = await http.person();
    const headers = key();
    const answers = await Promise.all([
      http.subscribe(who, 'creator', {}, headers),
      http.subscribe(who, 'creator', {}, headers),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0].body).toEqual(answers[1].body);
    expect(paymentsOf(who)).toHaveLength(1);
  });

  it('secret expired: a new one, one charge', async () => {
    const who = await http.person();
    const first = await http.subscribe(who);
    const { payment_id: dead } = first.body.payment!;
    world.psp.control.expireSecret(dead);
    await world.database.db
      .update(invoicePayments)
      .set({ clientSecretExpiresAt: new Date(Date.now() - 1) })
      .where(eq(invoicePayments.id, dead));
    await http.subscribe(who);
    const next = await until(
      () => http.subscribe(who),
      ({ body }) => body.payment?.payment_id !== undefined && body.payment.payment_id !== dead,
    );
    expect(next.body.subscription?.id).toBe(first.body.subscription?.id);
    expect(next.body.payment?.client_secret).not.toBe(first.body.payment?.client_secret);
    world.psp.control.pay(next.body.payment!.payment_id);
    await of.became(first.body.subscription!.id, 'active');
    expect(
      paymentsOf(who)
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['cancelled', 'succeeded']);
  });

  it('another price: replaced, its payment cancelled at the PSP', async () => {
    const who = await http.person();
    const first = await http.subscribe(who);
    const second = await http.subscribe(who, 'premium', { billing_cycle: 'yearly' });
    expect(second.body).toMatchObject({ subscription: { plan_id: 'premium', amount: 19_990 } });
    expect((await of.row(first.body.subscription!.id)).endReason).toBe('replaced');
    await eventually(() =>
      expect(world.psp.control.payment(first.body.payment!.payment_id).status).toBe('cancelled'),
    );
    expect(isKnownPayment(second.body.payment!.payment_id)).toBe(true);
  });

  it('202 with payment null after 5 s without the PSP; asked again with its key, the payment', async () => {
    const who = await http.person();
    const headers = key();
    world.psp.control.addFault({ kind: 'latency', delayMs: 7_000, match: 'payments.create' });
    const first = await http.subscribe(who, 'creator', {}, headers);
    expect(first).toMatchObject({
      status: 202,
      body: { subscription: { status: 'pending_payment' }, payment: null },
    });
    const later = await until(
      () => http.subscribe(who, 'creator', {}, headers),
      ({ status }) => status === 201,
    );
    expect(later.body.subscription?.id).toBe(first.body.subscription?.id);
    expect(later.body.payment?.client_secret).toMatch(/_secret_/);
    expect(paymentsOf(who)).toHaveLength(1);
  });

  it('where the engine has opened it and nobody heard, asking again gives the same rows', async () => {
    const who = await http.person();
    const askId = uuidv7();
    await keepAsk<AskedSubscription>(world.database.db, askId, {
      ...{ kind: 'subscription', userId: who.id, planId: 'creator', billingCycle: 'monthly', trial: false },
    });
    const label = await of.priceOf('creator', 'monthly');
    const { amountMinor, currency } = label;
    const answer = await world.engine.subscribe(askId, {
      ...{ subscriptionId: askId, planId: 'creator', status: 'pending_payment', amountMinor, currency },
    });
    expect(answer).toMatchObject({ done: { subscriptionId: askId } });
    const again = await http.subscribe(who);
    expect(again.body.subscription?.id).toBe(askId);
  });
});

describe('cancel and reactivate', () => {
  it('at the end of the period, access until then, and taken back', async () => {
    const { who } = await http.subscriber();
    expect(await world.post(who, '/subscriptions/cancel')).toMatchObject({
      status: 200,
      body: {
        subscription: { status: 'canceling', cancel_at_period_end: true, features: { can_distribute: true } },
      },
    });
    expect(await http.mine(who)).toMatchObject({
      subscription: { status: 'canceling' },
      needs_payment: false,
    });
    expect(await world.post(who, '/subscriptions/reactivate')).toMatchObject({
      status: 200,
      body: { subscription: { status: 'active', cancel_at_period_end: false } },
    });
  });

  it('same key twice: one cancellation and one answer', async () => {
    const { who, id } = await http.subscriber();
    const headers = key();
    const first = await world.post(who, '/subscriptions/cancel', undefined, headers);
    expect(await world.post(who, '/subscriptions/cancel', undefined, headers)).toMatchObject({
      status: 200,
      body: first.body,
    });
    expect((await of.row(id)).status).toBe('canceling');
  });

  it('what is not paid, and Free: at once', async () => {
    const [unpaid, free] = [await http.person(), await http.person()];
    await http.subscribe(unpaid);
    await http.subscribe(free, 'free');
    for (const who of [unpaid, free]) {
      expect(await world.post(who, '/subscriptions/cancel', {}, key())).toMatchObject({
        status: 200,
        body: { subscription: { status: 'canceled' } },
      });
      expect(await http.mine(who)).toEqual({
        subscription: null,
        needs_payment: false,
        message: null,
        pending: null,
      });
    }
  });
});

describe('changes', () => {
  it('upgrade: previewed and charged to the cent, the old plan until it is paid', async () => {
    const { who, id } = await http.subscriber();
    const preview = await world.post(who, '/subscriptions/change/preview', { plan_id: 'premium' });
    expect(preview).toMatchObject({
      status: 200,
      body: {
        when: 'at_once',
        currency: 'USD',
        next_amount: 1_999,
        lines: [{ kind: 'plan' }, { kind: 'unused_credit' }],
      },
    });
    const changed = await world.post(who, '/subscriptions/change', {
      plan_id: 'premium',
      proration_at: preview.body.proration_at,
    });
    expect(changed).toMatchObject({
      status: 202,
      body: {
        subscription: { id },
        change: { plan_id: 'premium', billing_cycle: 'monthly', amount: 1_999 },
        invoice: { reason: 'change', amount: preview.body.amount },
      },
    });
    const after = await until(
      () => http.mine(who),
      ({ subscription }) => subscription?.plan_id === 'premium',
    );
    expect(after.subscription).toMatchObject({
      id,
      status: 'active',
      features: { upload_quota_mb: 102_400 },
    });
    const paid = paymentsOf(who).map(({ amount }) => amount);
    expect(paid.toSorted((a, b) => a - b)).toEqual([999, preview.body.amount].toSorted((a, b) => a! - b!));
  });

  it('upgrade that the card is declined for: failed at once, as the PSP says, and nothing to confirm', async () => {
    const { who } = await http.subscriber('creator', {}, CARD_THAT_DECLINES_LATER);
    const changed = await world.post(who, '/subscriptions/change', { plan_id: 'premium' }, key());
    expect(changed).toMatchObject({
      status: 202,
      body: {
        subscription: { plan_id: 'creator', status: 'active' },
        change: { plan_id: 'premium', status: 'failed' },
        invoice: { reason: 'change', status: 'void' },
        payment: { status: 'failed', client_secret: null },
      },
    });
  });

  it('downgrade: at the period’s end, and the present price takes it back', async () => {
    const { who } = await http.subscriber('premium');
    const changed = await world.post(who, '/subscriptions/change', { plan_id: 'creator' }, key());
    expect(changed).toMatchObject({
      status: 200,
      body: {
        subscription: { plan_id: 'premium', scheduled_change: { plan_id: 'creator', amount: 999 } },
        change: { status: 'scheduled' },
      },
    });
    expect(await world.post(who, '/subscriptions/change', { plan_id: 'premium' })).toMatchObject({
      status: 200,
      body: { subscription: { scheduled_change: null }, change: null },
    });
  });

  it('both cycle changes', async () => {
    const { who } = await http.subscriber();
    const toYears = await world.post(who, '/subscriptions/change-billing-cycle', { billing_cycle: 'yearly' });
    expect(toYears).toMatchObject({
      status: 202,
      body: { change: { billing_cycle: 'yearly', amount: 9_990 } },
    });
    await until(
      () => http.mine(who),
      ({ subscription }) => subscription?.billing_cycle === 'yearly',
    );
    const toMonths = await world.post(who, '/subscriptions/change-billing-cycle', {
      billing_cycle: 'monthly',
    });
    expect(toMonths).toMatchObject({
      status: 200,
      body: { subscription: { billing_cycle: 'yearly', scheduled_change: { billing_cycle: 'monthly' } } },
    });
    const higher = await world.post(who, '/subscriptions/change', {
      plan_id: 'premium',
      billing_cycle: 'monthly',
    });
    expect([higher.status, higher.body.code]).toEqual([409, 'cycle_change_at_period_end']);
  });

  it('to Free: a cancellation', async () => {
    const { who } = await http.subscriber();
    expect(await world.post(who, '/subscriptions/change', { plan_id: 'free' })).toMatchObject({
      status: 200,
      body: { subscription: { status: 'canceling' }, change: null },
    });
  });
});

describe('past due', () => {
  async function pastDue() {
    const subscribed = await http.subscriber('creator', {}, CARD_THAT_DECLINES_LATER);
    await of.passPeriod(subscribed.id);
    await of.became(subscribed.id, 'past_due');
    return subscribed;
  }

  it('pay: the open invoice, with the buyer present', async () => {
    const { who, id } = await pastDue();
    expect(await http.mine(who)).toMatchObject({
      subscription: null,
      needs_payment: true,
      pending: { invoice: { reason: 'renewal' } },
    });
    const refused = await world.post(who, '/subscriptions/change', { plan_id: 'premium' });
    expect([refused.status, refused.body.code]).toEqual([409, 'subscription_past_due']);
    const paying = await world.post(who, '/subscriptions/pay', undefined, key());
    expect(paying).toMatchObject({
      status: 200,
      body: { invoice: { reason: 'renewal', status: 'open', amount: 999 } },
    });
    world.psp.control.pay(paying.body.payment!.payment_id);
    await of.became(id, 'active');
    expect(await http.mine(who)).toMatchObject({ subscription: { status: 'active' }, pending: null });
  });

  it('payment-method: a set-up payment, and the new card is charged at once', async () => {
    const { who, id } = await pastDue();
    const setup = await world.post(who, '/subscriptions/payment-method', {}, key());
    expect(setup).toMatchObject({ status: 201, body: { payment: { status: 'requires_payment_method' } } });
    expect(world.psp.control.payment(setup.body.payment!.payment_id)).toMatchObject({ amount: 0 });
    world.psp.control.pay(setup.body.payment!.payment_id);
    await of.became(id, 'active');
    expect(await http.mine(who)).toMatchObject({ subscription: { payment_method: { last4: '4242' } } });
  });
});

it('while no worker answers: 503, and the same key gives the true answer afterwards', async () => {
  const who = await http.person();
  const headers = key();
  await world.stopWorker();
  const refused = await http.subscribe(who, 'creator', {}, headers);
  expect([refused.status, refused.body.code]).toEqual([503, 'engine_unavailable']);
  expect(refused.body).toMatchObject({ may_still_be_carried_out: true });
  await world.startWorker();
  const { status, body } = await http.subscribe(who, 'creator', {}, headers);
  expect(status).toBe(201);
  expect(body.payment?.client_secret).toMatch(/_secret_/);
  expect(await http.rowsOf(who)).toHaveLength(1);
  expect(paymentsOf(who)).toHaveLength(1);
});

it('no log line has a client secret or an address', async () => {
  await http.subscriber();
  expect(logLines.length).toBeGreaterThan(100);
  expect(logLines.filter((line) => /_secret_|@veza\.test/.test(line))).toEqual([]);
});
