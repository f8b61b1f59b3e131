import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { creditNotes } from '../../db/subscriptions/invoices/schema.ts';
import { assertMayDistribute, featuresOf } from '../../db/subscriptions/index.ts';
import { paymentMethods, planPrices, plans, subscriptions } from '../../db/subscriptions/schema.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import { addUser, type ApiWorld, bearer, bodyOf, CONFIG, openApi } from '../harness/api.ts';
import { wordsOf } from '../harness/pdf.ts';
import { addAttempt, addInvoice, addSubscription, DAY_MS, priceOf } from './rows.ts';

const TERMS = billingTermsOf(CONFIG);
const NO_PAYMENT_DISTRIBUTION =
  'Your subscription is not linked to a payment. Complete payment to enable distribution.';
const NO_PLAN_DISTRIBUTION = 'Distribution requires Creator or Premium plan.';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

const getAs = async (sub: string | null, path: string, role = 'user') =>
  world.app.request(`/api/v1${path}`, { headers: sub === null ? {} : await bearer({ sub, role }) });

/** A person with a subscription, as it is told. */
async function subscriber(
  planId: string,
  set: Partial<typeof subscriptions.$inferInsert> = {},
  invoice: Parameters<typeof addInvoice>[2] | null = {},
) {
  const userId = await addUser(world.database);
  const subscriptionId = await addSubscription(world.database, userId, planId, set);
  const invoiceId = invoice === null ? null : await addInvoice(world.database, subscriptionId, invoice);
  return { userId, subscriptionId, invoiceId };
}

/** Puts a card on its file. */
async function onFile(
  subscriptionId: string,
  userId: string,
  set: Partial<typeof paymentMethods.$inferInsert> = {},
): Promise<void> {
  const { db } = world.database;
  const id = uuidv7();
  await db.insert(paymentMethods).values({
    ...{ id, userId, providerPaymentMethodId: `pm_${id}`, brand: 'Visa', last4: '4242' },
    ...{ expMonth: 10, expYear: 2030, ...set },
  });
  await db.update(subscriptions).set({ paymentMethodId: id }).where(eq(subscriptions.id, subscriptionId));
}

const mine = async (userId: string) => {
  const response = await getAs(userId, '/me/subscription');
  expect(response.status).toBe(200);
  return bodyOf(response);
};

describe('GET /plans', () => {
  it('tells everybody plans, features and prices', async () => {
    const response = await getAs(null, '/plans');
    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toEqual({
      data: [
        planOf('free', 0, 0, [['monthly', 0]], [false, false, 500]),
        planOf(
          'creator',
          1,
          0,
          [
            ['monthly', 999],
            ['yearly', 9_990],
          ],
          [true, true, 10_240],
        ),
        planOf(
          'premium',
          2,
          14,
          [
            ['monthly', 1_999],
            ['yearly', 19_990],
          ],
          [true, true, 102_400],
        ),
      ],
      next_cursor: null,
    });
  });

  it('tells today’s price alone, and no plan that is withdrawn', async () => {
    const { database, app } = await openApi();
    const { db } = database;
    const tomorrow = new Date(Date.now() + DAY_MS);
    const { id } = await priceOf(database, 'creator');
    await db.update(planPrices).set({ validUntil: tomorrow }).where(eq(planPrices.id, id));
    const raised = { amountMinor: 1_299, currency: 'USD', validFrom: tomorrow };
    await db
      .insert(planPrices)
      .values({ id: uuidv7(), planId: 'creator', billingCycle: 'monthly', ...raised });
    await db.update(plans).set({ offered: false }).where(eq(plans.id, 'premium'));
    const { data } = (await (await app.request('/api/v1/plans')).json()) as { data: unknown[] };
    expect(data).toEqual([
      planOf('free', 0, 0, [['monthly', 0]], [false, false, 500]),
      planOf(
        'creator',
        1,
        0,
        [
          ['monthly', 999],
          ['yearly', 9_990],
        ],
        [true, true, 10_240],
      ),
    ]);
  });
});

function planOf(
  id: string,
  rank: number,
  trialDays: number,
  prices: readonly (readonly [cycle: string, amount: number])[],
  [sell, distribute, quota]: readonly [boolean, boolean, number],
) {
  return {
    id,
    name: `${id[0]?.toUpperCase()}${id.slice(1)}`,
    rank,
    trial_days: trialDays,
    features: { can_sell_on_marketplace: sell, can_distribute: distribute, upload_quota_mb: quota },
    prices: prices.map(([cycle, amount]) => ({ billing_cycle: cycle, amount, currency: 'USD' })),
  };
}

describe('GET /me/subscription', () => {
  it('of who never subscribed: nothing, and nothing to pay', async () => {
    expect(await mine(await addUser(world.database))).toEqual({
      subscription: null,
      needs_payment: false,
      message: null,
      pending: null,
    });
  });

  it('of who has paid: the subscription with its plan’s features', async () => {
    const { userId, subscriptionId } = await subscriber('creator');
    expect(await mine(userId)).toMatchObject({
      subscription: {
        ...{ id: subscriptionId, plan_id: 'creator', billing_cycle: 'monthly', status: 'active' },
        ...{ amount: 999, currency: 'USD', cancel_at_period_end: false, scheduled_change: null },
        ...{ payment_method: null, trial_end: null },
        features: { can_sell_on_marketplace: true, can_distribute: true, upload_quota_mb: 10_240 },
      },
      needs_payment: false,
      message: null,
      pending: null,
    });
  });

  it('of who is on Free: the subscription', async () => {
    const { userId } = await subscriber('free', {}, null);
    expect(await mine(userId)).toMatchObject({
      subscription: { plan_id: 'free', features: { can_distribute: false, upload_quota_mb: 500 } },
      needs_payment: false,
    });
  });

  it('before the first payment: null, and what waits for money without its client secret', async () => {
    const { userId, subscriptionId, invoiceId } = await subscriber(
      'creator',
      { status: 'pending_payment', currentPeriodStart: null, currentPeriodEnd: null },
      { status: 'open' },
    );
    await addAttempt(world.database, invoiceId ?? '', { clientSecret: 'pay_secret_xyz' });
    const body = await mine(userId);
    expect(body).toMatchObject({
      subscription: null,
      needs_payment: true,
      message: 'Your subscription waits for its first payment.',
      pending: {
        subscription: { id: subscriptionId, features: { can_distribute: false, upload_quota_mb: 500 } },
        invoice: { id: invoiceId, status: 'open', number: null, amount: 999, lines: [{ amount: 999 }] },
        next_attempt_at: null,
      },
    });
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('past due: null, with when the card is charged again', async () => {
    const dunningSince = new Date('2027-01-02T03:04:05Z');
    // While a worker is at it, the sweep's time is another one.
    const nextDueAt = new Date('2027-01-02T03:19:05Z');
    const { userId, invoiceId, subscriptionId } = await subscriber(
      'creator',
      { status: 'past_due', dunningSince, nextDueAt },
      { status: 'open', reason: 'renewal' },
    );
    await onFile(subscriptionId, userId);
    await addAttempt(world.database, invoiceId ?? '', { status: 'failed', declineClass: 'retry' });
    // A buyer who tried another card in person, which was declined for good, does not stop it.
    const inPerson = { attempt: 2, onSession: true, status: 'failed', declineClass: 'final' } as const;
    await addAttempt(world.database, invoiceId ?? '', inPerson);
    expect(await mine(userId)).toMatchObject({
      subscription: null,
      needs_payment: true,
      pending: { invoice: { reason: 'renewal' }, next_attempt_at: '2027-01-03T03:04:05.000Z' },
    });
  });

  it('past due by a card that was declined for good: no next attempt', async () => {
    const { userId, invoiceId, subscriptionId } = await subscriber(
      'creator',
      { status: 'past_due', dunningSince: new Date(), nextDueAt: new Date() },
      { status: 'open', reason: 'renewal' },
    );
    await onFile(subscriptionId, userId, { refusedAt: new Date() });
    // Another card that its buyer tried in person says nothing of the one on file.
    await addAttempt(world.database, invoiceId ?? '', { status: 'failed', declineClass: 'retry' });
    expect(await mine(userId)).toMatchObject({ needs_payment: true, pending: { next_attempt_at: null } });
  });

  it.each([
    ['payment id NULL', { hyperswitchPaymentId: null }],
    ['payment id empty', { hyperswitchPaymentId: '' }],
    ['no invoice', null],
  ])('of a phantom (%s): null, and whom to ask', async (_, invoice) => {
    const { userId } = await subscriber('creator', {}, invoice);
    expect(await mine(userId)).toEqual({
      subscription: null,
      needs_payment: true,
      message: 'Your subscription is not linked to a payment. Ask support@shop.example about it.',
      pending: null,
    });
  });

  it('while a renewal is under way beyond the grace: null, and no phantom', async () => {
    const over = {
      periodStart: new Date(Date.now() - 40 * DAY_MS),
      periodEnd: new Date(Date.now() - 9 * DAY_MS),
    };
    const { userId, subscriptionId } = await subscriber('creator', {}, over);
    const renewal = await addInvoice(world.database, subscriptionId, { status: 'open', reason: 'renewal' });
    await addAttempt(world.database, renewal);
    expect(await mine(userId)).toMatchObject({
      subscription: null,
      needs_payment: true,
      pending: { invoice: { id: renewal } },
    });
  });
});

describe('the gates', () => {
  const FREE = { canSellOnMarketplace: false, canDistribute: false, uploadQuotaMb: 500 };

  it.each([
    ['nobody’s subscription', null, {}, null, 'plan_required', NO_PLAN_DISTRIBUTION],
    ['Free', 'free', {}, null, 'plan_required', NO_PLAN_DISTRIBUTION],
    [
      'not paid yet',
      'creator',
      { status: 'pending_payment' },
      null,
      'subscription_no_payment',
      NO_PAYMENT_DISTRIBUTION,
    ],
    [
      'a phantom',
      'premium',
      {},
      { hyperswitchPaymentId: '' },
      'subscription_no_payment',
      NO_PAYMENT_DISTRIBUTION,
    ],
    ['past due', 'creator', { status: 'past_due' }, {}, 'subscription_no_payment', NO_PAYMENT_DISTRIBUTION],
    [
      'a trial that is over',
      'premium',
      { status: 'trialing', trialEnd: new Date(0) },
      null,
      'subscription_no_payment',
      NO_PAYMENT_DISTRIBUTION,
    ],
  ] as const)(
    'distribution refuses %s, and it has Free’s features',
    async (_, plan, set, invoice, code, detail) => {
      const { db } = world.database;
      const userId =
        plan === null ? await addUser(world.database) : (await subscriber(plan, set, invoice)).userId;
      await expect(assertMayDistribute(db, userId, TERMS)).rejects.toMatchObject({ code, detail });
      expect(await featuresOf(db, userId, TERMS)).toEqual(FREE);
    },
  );

  it.each([
    ['a paid month', 'creator', {}, {}],
    ['a trial that runs', 'premium', { status: 'trialing', trialEnd: new Date(Date.now() + DAY_MS) }, null],
    [
      'a month that was refunded in part',
      'creator',
      {},
      { status: 'partially_refunded', refundedMinor: 100 },
    ],
    [
      'the last days of a cancelled one',
      'creator',
      { status: 'canceling', cancelRequestedAt: new Date() },
      {},
    ],
  ] as const)('distribution is open in %s', async (_, plan, set, invoice) => {
    const { db } = world.database;
    const { userId } = await subscriber(plan, set, invoice);
    await assertMayDistribute(db, userId, TERMS);
    expect(await featuresOf(db, userId, TERMS)).toMatchObject({ canDistribute: true });
  });

  it('an admin and a creator by role have no feature by it', async () => {
    for (const role of ['admin', 'creator', 'premium'] as const) {
      expect(await featuresOf(world.database.db, await addUser(world.database, role), TERMS)).toEqual(FREE);
    }
  });

  it('selling asks for a plan where SUBSCRIPTION_GATES_SELLING is on', async () => {
    const gated = await openApi({ config: { ...CONFIG, SUBSCRIPTION_GATES_SELLING: true } });
    const sell = async ({ app, database }: ApiWorld, planId: string | null, invoice: object | null) => {
      const sub = await addUser(database, 'artist');
      const id = planId === null ? null : await addSubscription(database, sub, planId);
      if (id !== null && invoice !== null) await addInvoice(database, id, invoice);
      const response = await app.request('/api/v1/marketplace/products', {
        method: 'POST',
        headers: { ...(await bearer({ sub, role: 'artist' })), 'content-type': 'application/json' },
        body: JSON.stringify({ title: 'Night Drive', amount: 2500, currency: 'EUR' }),
      });
      const { code, detail } = await bodyOf(response);
      return [response.status, code, detail];
    };
    expect(await sell(gated, null, null)).toEqual([
      403,
      'plan_required',
      'Selling requires Creator or Premium plan.',
    ]);
    expect(await sell(gated, 'creator', null)).toEqual([
      402,
      'subscription_no_payment',
      'Your subscription is not linked to a payment. Complete payment to enable selling.',
    ]);
    expect(await sell(gated, 'creator', {})).toEqual([201, undefined, undefined]);
    expect(await sell(world, null, null)).toEqual([201, undefined, undefined]);
  });
});

describe('invoices', () => {
  it('are listed for their owner alone, with their lines', async () => {
    const { userId, invoiceId } = await subscriber('creator');
    await subscriber('creator');
    const body = await bodyOf(await getAs(userId, '/subscriptions/invoices'));
    expect(body).toMatchObject({
      data: [
        {
          ...{
            id: invoiceId,
            status: 'paid',
            reason: 'first',
            amount: 999,
            tax_amount: 0,
            refunded_amount: 0,
          },
          ...{ currency: 'USD', payment_id: invoiceId, paid_at: '2026-03-01T12:00:00.000Z' },
          lines: [{ kind: 'plan', description: 'Creator, a month', amount: 999 }],
        },
      ],
      next_cursor: null,
    });
    expect(JSON.stringify(body)).not.toContain('@');
  });

  it('of somebody else, and that are nobody’s, are 404 to everybody, admins too', async () => {
    const { invoiceId } = await subscriber('creator');
    const stranger = await addUser(world.database);
    const admin = await addUser(world.database, 'admin');
    for (const id of [invoiceId, `${invoiceId}.pdf`, uuidv7()]) {
      for (const [sub, role] of [
        [stranger, 'user'],
        [admin, 'admin'],
      ] as const) {
        const response = await getAs(sub, `/subscriptions/invoices/${id}`, role);
        expect([response.status, (await bodyOf(response))['code']]).toEqual([404, 'invoice_not_found']);
      }
    }
    const malformed = await getAs(stranger, '/subscriptions/invoices/one');
    expect([malformed.status, (await bodyOf(malformed))['code']]).toEqual([422, 'validation_failed']);
  });

  it('PDF twice the same', async () => {
    const { userId, invoiceId } = await subscriber('creator', {}, { taxMinor: 100 });
    const pdf = async () => {
      const response = await getAs(userId, `/subscriptions/invoices/${invoiceId}.pdf`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
      return Buffer.from(await response.arrayBuffer());
    };
    const first = await pdf();
    // A file of now would have another date.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect((await pdf()).equals(first)).toBe(true);
    const words = wordsOf(first);
    for (const word of [
      '1 Former Street',
      'issued-to@people.example',
      'Creator, a month',
      '8.99 USD',
      '1.00 USD',
      '9.99 USD',
      '2026-03-01',
    ])
      expect(words).toContain(word);
    // Neither a credit note nor an issuer that has moved changes a document that was issued.
    const number = `C-${invoiceId}`;
    await credit(invoiceId ?? '', number);
    expect((await pdf()).equals(first)).toBe(true);
    const { invoice } = await bodyOf(await getAs(userId, `/subscriptions/invoices/${invoiceId}`));
    expect(invoice).toMatchObject({ id: invoiceId, credit_notes: [{ number, amount: 200 }] });
  });

  it('that are not paid have no PDF', async () => {
    const { userId, invoiceId } = await subscriber(
      'creator',
      { status: 'pending_payment' },
      { status: 'open' },
    );
    const response = await getAs(userId, `/subscriptions/invoices/${invoiceId}.pdf`);
    expect([response.status, (await bodyOf(response))['code']]).toEqual([404, 'invoice_not_found']);
  });
});

async function credit(invoiceId: string, number: string): Promise<void> {
  const { db } = world.database;
  const refundId = uuidv7();
  await db.insert(refunds).values({
    ...{ id: refundId, invoiceId, amountMinor: 200, currency: 'USD', status: 'succeeded' },
    hyperswitchRefundId: refundId,
  });
  const createdAt = new Date('2026-03-05T12:00:00Z');
  await db.insert(creditNotes).values({ number, invoiceId, refundId, amountMinor: 200, createdAt });
}

describe('GET /admin/subscriptions', () => {
  it('lists all by status and user, says what is a phantom, and shows no address and no card', async () => {
    const admin = await addUser(world.database, 'admin');
    const { userId, subscriptionId } = await subscriber('creator', {}, null);
    const paymentMethodId = uuidv7();
    const { db } = world.database;
    const shown = { brand: 'Visa', last4: '4242', expMonth: 10, expYear: 2030 };
    await db
      .insert(paymentMethods)
      .values({ id: paymentMethodId, userId, providerPaymentMethodId: `pm_${userId}`, ...shown });
    await db.update(subscriptions).set({ paymentMethodId }).where(eq(subscriptions.id, subscriptionId));
    const list = async (query: string) =>
      (await bodyOf(await getAs(admin, `/admin/subscriptions?${query}`, 'admin')))['data'];
    const found = await list(`user_id=${userId}`);
    expect(found).toMatchObject([
      {
        id: subscriptionId,
        user_id: userId,
        status: 'active',
        is_phantom: true,
        features: { can_distribute: false },
      },
    ]);
    expect(JSON.stringify(found)).not.toMatch(/@|Visa|4242|payment_method/);
    expect(await list(`user_id=${userId}&status=past_due`)).toEqual([]);
    const pastDue = await list('status=past_due');
    expect(pastDue).toSatisfy(
      (rows: { status: string }[]) => rows.length > 0 && rows.every(({ status }) => status === 'past_due'),
    );
  });

  it('is closed to all others', async () => {
    const response = await getAs(await addUser(world.database), '/admin/subscriptions');
    expect([response.status, (await bodyOf(response))['code']]).toEqual([403, 'forbidden']);
  });
});
