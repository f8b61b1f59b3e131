import { WorkflowNotFoundError } from '@temporalio/client';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { readAsk } from '../../db/kernel/index.ts';
import { plans, subscriptions } from '../../db/subscriptions/schema.ts';
import { idFor } from '../../api/kernel/index.ts';
import type { AskedSubscription } from '../../domain/subscriptions/asked.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { key, overHttp } from './over-http.ts';
import { addSubscription } from './rows.ts';
import { subscriptionsOf } from './story.ts';

// The page's table of codes over HTTP: what bad input gets.

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
let http: ReturnType<typeof overHttp>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
  http = overHttp(world, of);
});
afterEach(() => world.psp.control.clearFaults());
afterAll(() => world.close());

describe('what is refused', () => {
  type Refusal = readonly [status: number, code: string];
  const said = ({ status, body }: { status: number; body: { code?: string } }): Refusal => [
    status,
    body.code ?? '',
  ];

  it.each<readonly [string, object]>([
    ['an unknown field', { plan_id: 'creator', coupon: 'x' }],
    ['a wrong type', { plan_id: 7 }],
    ['an unknown cycle', { plan_id: 'creator', billing_cycle: 'weekly' }],
    ['a yearly Free', { plan_id: 'free', billing_cycle: 'yearly' }],
    ['no plan', {}],
  ])('422: %s', async (_, body) => {
    expect(said(await world.post(await http.person(), '/subscriptions/subscribe', body))).toEqual([
      422,
      'validation_failed',
    ]);
  });

  it.each(['cancel', 'reactivate', 'pay', 'payment-method'])('422: an unknown field of %s', async (route) => {
    expect(said(await world.post(await http.person(), `/subscriptions/${route}`, { now: true }))).toEqual([
      422,
      'validation_failed',
    ]);
  });

  it.each(['cancel', 'reactivate', 'pay', 'payment-method'])(
    '404: %s without a subscription',
    async (route) => {
      expect(said(await world.post(await http.person(), `/subscriptions/${route}`))).toEqual([
        404,
        'subscription_not_found',
      ]);
    },
  );

  it('a change without a subscription, of Free, and to what there is', async () => {
    const [none, free] = [await http.person(), await http.person()];
    await http.subscribe(free, 'free');
    const { who } = await http.subscriber();
    for (const path of ['/subscriptions/change/preview', '/subscriptions/change'] as const) {
      const change = async (by: Person, body: object) => said(await world.post(by, path, body));
      expect(await change(none, { plan_id: 'premium' })).toEqual([404, 'subscription_not_found']);
      expect(await change(free, { plan_id: 'premium' })).toEqual([409, 'payment_method_required']);
      expect(await change(free, { plan_id: 'free' })).toEqual([400, 'nothing_to_change']);
      expect(await change(who, { plan_id: 'creator' })).toEqual([400, 'nothing_to_change']);
      expect(await change(who, { plan_id: 'platinum' })).toEqual([404, 'plan_not_found']);
      expect(await change(who, { plan_id: 'free', billing_cycle: 'yearly' })).toEqual([
        422,
        'validation_failed',
      ]);
      expect(await change(who, { price: 1 })).toEqual([422, 'validation_failed']);
    }
    const free404 = async (route: string) => said(await world.post(free, `/subscriptions/${route}`));
    expect(await free404('pay')).toEqual([409, 'invoice_not_payable']);
    expect(await free404('reactivate')).toEqual([409, 'not_reactivatable']);
    expect(await free404('payment-method')).toEqual([404, 'subscription_not_found']);
  });

  it('a plan that is withdrawn, but not to whom it was offered and has yet to pay', async () => {
    const [who, other] = [await http.person(), await http.person()];
    const { body: before } = await http.subscribe(who, 'premium');
    const { db } = world.database;
    await db.update(plans).set({ offered: false }).where(eq(plans.id, 'premium'));
    try {
      const { status, body } = await http.subscribe(who, 'premium');
      expect([status, body.subscription?.id, body.payment]).toEqual([
        201,
        before.subscription?.id,
        before.payment,
      ]);
      expect(said(await http.subscribe(other, 'premium'))).toEqual([400, 'plan_not_offered']);
    } finally {
      await db.update(plans).set({ offered: true }).where(eq(plans.id, 'premium'));
    }
  });

  it('a plan that is not there, not offered, or has no trial', async () => {
    const who = await http.person();
    expect(said(await http.subscribe(who, 'platinum'))).toEqual([404, 'plan_not_found']);
    expect(said(await http.subscribe(who, 'creator', { trial: true }))).toEqual([400, 'trial_not_offered']);
    expect(said(await http.subscribe(who, 'free', { trial: true }))).toEqual([400, 'trial_not_offered']);
    const { db } = world.database;
    await db.update(plans).set({ offered: false }).where(eq(plans.id, 'premium'));
    try {
      expect(said(await http.subscribe(who, 'premium'))).toEqual([400, 'plan_not_offered']);
    } finally {
      await db.update(plans).set({ offered: true }).where(eq(plans.id, 'premium'));
    }
    expect(await http.rowsOf(who)).toEqual([]);
  });

  it('a trial: twice, and without a verified address', async () => {
    const who = await http.person();
    await http.subscribe(who, 'premium', { trial: true });
    const again = await http.subscribe(who, 'premium', { trial: true });
    expect(said(again)).toEqual([409, 'subscription_exists']);
    expect(again.body).toMatchObject({ instead: '/api/v1/subscriptions/change' });
    await world.post(who, '/subscriptions/cancel');
    const cancelled = await http.subscribe(who, 'creator');
    expect(cancelled.body).toMatchObject({ instead: '/api/v1/subscriptions/reactivate' });
    expect(said(await world.post(who, '/subscriptions/change', { plan_id: 'creator' }))).toEqual([
      409,
      'subscription_canceling',
    ]);
    await world.database.db
      .update(subscriptions)
      .set({ status: 'expired', endedAt: new Date(), endReason: 'trial_without_card' })
      .where(eq(subscriptions.userId, who.id));
    expect(said(await http.subscribe(who, 'premium', { trial: true }))).toEqual([409, 'trial_already_used']);
    const unverified = await http.person();
    await world.database.db.update(users).set({ isVerified: false }).where(eq(users.id, unverified.id));
    expect(said(await http.subscribe(unverified, 'premium', { trial: true }))).toEqual([
      403,
      'email_not_verified',
    ]);
  });

  it('a subscribe that is refused leaves nothing behind, at the engine neither', async () => {
    const { who } = await http.subscriber();
    const trying = key();
    expect(said(await http.subscribe(who, 'premium', {}, trying))).toEqual([409, 'subscription_exists']);
    const id = idFor({ scope: `${who.id}:subscribe`, key: trying['Idempotency-Key'], bodyHash: '' });
    expect(await readAsk<AskedSubscription>(world.database.db, 'subscription', id)).toBeUndefined();
    const run = world.temporal.workflow.getHandle(`subscription/${id}`).describe();
    await expect(run).rejects.toThrow(WorkflowNotFoundError);
    // The key is free: what is refused now may be done later.
    await world.database
      .sql`UPDATE subscriptions SET status = 'expired', ended_at = now(), end_reason = 'asked'
      WHERE user_id = ${who.id}`;
    const { status, body } = await http.subscribe(who, 'premium', {}, trying);
    expect([status, body.subscription?.id]).toEqual([201, id]);
  });

  it('who has a subscription is told which route instead', async () => {
    const { who } = await http.subscriber();
    const exists = await http.subscribe(who, 'premium');
    expect(said(exists)).toEqual([409, 'subscription_exists']);
    expect(exists.body).toMatchObject({ instead: '/api/v1/subscriptions/change' });
    expect(said(await http.subscribe(who, 'free'))).toEqual([409, 'subscription_exists']);
    expect(said(await world.post(who, '/subscriptions/pay'))).toEqual([409, 'invoice_not_payable']);
    expect(said(await world.post(who, '/subscriptions/reactivate'))).toEqual([409, 'not_reactivatable']);
    await world.post(who, '/subscriptions/cancel');
    expect(said(await world.post(who, '/subscriptions/cancel'))).toEqual([409, 'not_cancellable']);
    expect(said(await world.post(who, '/subscriptions/change', { plan_id: 'premium' }))).toEqual([
      409,
      'subscription_canceling',
    ]);
  });

  it('while the first payment is pending', async () => {
    const who = await http.person();
    await http.subscribe(who);
    expect(said(await world.post(who, '/subscriptions/change', { plan_id: 'premium' }))).toEqual([
      409,
      'payment_pending',
    ]);
    expect(said(await world.post(who, '/subscriptions/payment-method'))).toEqual([409, 'payment_pending']);
  });

  it('a preview that is outdated', async () => {
    const { who } = await http.subscriber();
    const prorationAt = new Date(Date.now() - 60 * 60_000).toISOString();
    const change = { plan_id: 'premium', proration_at: prorationAt };
    expect(said(await world.post(who, '/subscriptions/change', change))).toEqual([409, 'preview_outdated']);
    expect(said(await world.post(who, '/subscriptions/change', { ...change, proration_at: 'now' }))).toEqual([
      422,
      'validation_failed',
    ]);
  });

  it('what the payment provider refuses, and the next call may do better', async () => {
    const who = await http.person();
    const error = { type: 'invalid_request', code: 'IR_16', message: 'amount too high' };
    world.psp.control.addFault({ kind: 'status', status: 400, body: { error }, match: 'payments.create' });
    const headers = key();
    const refused = await http.subscribe(who, 'creator', {}, headers);
    expect(said(refused)).toEqual([402, 'provider_refused']);
    world.psp.control.clearFaults();
    // Under its key it is the same answer for ever.
    const again = await http.subscribe(who, 'creator', {}, headers);
    expect([again.status, again.body.code, again.body.detail]).toEqual([
      402,
      'provider_refused',
      refused.body.detail,
    ]);
    const next = await until(
      () => http.subscribe(who),
      ({ status }) => status === 201,
    );
    expect(next.body.payment?.client_secret).toMatch(/_secret_/);
  });

  it('a charge without the buyer that the payment provider refuses: 402, under its key for ever', async () => {
    const { who } = await http.subscriber();
    const error = { type: 'invalid_request', code: 'IR_06', message: 'amount too high' };
    world.psp.control.addFault({ kind: 'status', status: 400, body: { error }, match: 'payments.create' });
    const headers = key();
    const change = () => world.post(who, '/subscriptions/change', { plan_id: 'premium' }, headers);
    const refused = await change();
    expect(said(refused)).toEqual([402, 'provider_refused']);
    for (const isDown of [true, false]) {
      if (!isDown) world.psp.control.clearFaults();
      const again = await change();
      expect([said(again), again.body.detail]).toEqual([said(refused), refused.body.detail]);
    }
    const next = await world.post(who, '/subscriptions/change', { plan_id: 'premium' }, key());
    expect(next).toMatchObject({ status: 202, body: { payment: { status: 'succeeded' } } });
    // Nor does what came after change it.
    const last = await change();
    expect([said(last), last.body.detail]).toEqual([said(refused), refused.body.detail]);
  });

  it('a refund: of one’s own invoice, also by an admin, and of another’s by who is none', async () => {
    const { who, invoiceId } = await http.subscriber();
    const refund = async (by: Person) =>
      said(await world.post(by, `/admin/invoices/${invoiceId}/refund`, { reason: 'they asked' }));
    expect(await refund(who)).toEqual([403, 'refund_forbidden']);
    expect(await refund(await http.person())).toEqual([403, 'forbidden']);
    await world.database.db.update(users).set({ role: 'admin' }).where(eq(users.id, who.id));
    expect(await refund({ ...who, role: 'admin', token: await world.token(who.id, 'admin') })).toEqual([
      403,
      'refund_forbidden',
    ]);
    expect(await refund(await makePerson(world, 'admin'))).toEqual([202, '']);
  });

  it('a phantom: no change, and subscribing replaces it', async () => {
    const who = await http.person();
    const phantom = await addSubscription(world.database, who.id, 'creator');
    expect(await http.mine(who)).toMatchObject({ subscription: null, needs_payment: true, pending: null });
    for (const path of ['/subscriptions/change/preview', '/subscriptions/change'] as const) {
      expect(said(await world.post(who, path, { plan_id: 'premium' }))).toEqual([
        402,
        'subscription_no_payment',
      ]);
    }
    expect(await http.subscribe(who)).toMatchObject({
      status: 201,
      body: { subscription: { status: 'pending_payment' } },
    });
    expect((await of.row(phantom)).status).toBe('expired');
  });

  it('401 without a token, on every route but the plans', async () => {
    for (const route of [
      'subscribe',
      'cancel',
      'reactivate',
      'change',
      'change/preview',
      'pay',
      'payment-method',
    ]) {
      expect((await world.post(null, `/subscriptions/${route}`, {})).status).toBe(401);
    }
    for (const path of ['/me/subscription', '/subscriptions/invoices', '/admin/subscriptions'] as const) {
      expect((await world.get(null, path)).status).toBe(401);
    }
    expect((await world.get(null, '/plans')).status).toBe(200);
  });
});
