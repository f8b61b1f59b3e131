import { readFileSync } from 'node:fs';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { subscribeToFree } from '../../db/subscriptions/subscribe-free.ts';
import { featuresOf } from '../../db/subscriptions/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';
import { TERMS } from './verbs.ts';

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const maySell = async ({ id }: Person) =>
  (await featuresOf(world.database.db, id, TERMS)).canSellOnMarketplace;
const giveBacksOf = (paymentId: string) =>
  until(
    async () => world.psp.control.refunds(paymentId),
    (made) => made.length > 0,
  );

describe('a first payment', () => {
  it('gives no access before the webhook', async () => {
    const person = await makePerson(world, 'user');
    const { done, psp } = await of.subscribed(person);
    const { subscriptionId, attemptId } = done;
    expect(psp).toEqual({ kind: 'answered' });
    const [attempt] = await of.attemptsOf(subscriptionId);
    expect(attempt).toMatchObject({ id: done.invoiceId, onSession: true, status: 'pending' });
    expect(attempt?.clientSecret).not.toBeNull();
    // The PSP has the money, and has not said so yet.
    world.psp.control.pay(attemptId!, { webhook: false });
    await of.rests(subscriptionId);
    expect((await of.row(subscriptionId)).status).toBe('pending_payment');
    expect(await maySell(person)).toBe(false);
    await world.engine.retrySubscription(await of.label(subscriptionId));
    const active = await of.became(subscriptionId, 'active');
    expect(active.paymentMethodId).not.toBeNull();
    expect(await maySell(person)).toBe(true);
    const [invoice] = await of.invoicesOf(subscriptionId);
    expect(invoice).toMatchObject({ status: 'paid', amountMinor: 999, hyperswitchPaymentId: attemptId });
    expect(await of.mailsOf(person)).toEqual(['invoice_receipt', 'subscription_started']);
  });

  it('counts when the webhook comes before the answer', async () => {
    const person = await makePerson(world, 'user');
    // The answer to the creating call is lost, and the buyer's browser has another way to the secret.
    world.psp.control.addFault({
      kind: 'timeoutAfter',
      match: 'payments.create',
      where: { customer_id: person.id },
    });
    const asked = of.subscribed(person);
    const [made] = await until(
      async () => world.psp.control.payments().filter((one) => one.customer_id === person.id),
      (payments) => payments.length > 0,
    );
    const paymentId = made!.payment_id;
    world.psp.control.pay(paymentId);
    const [attempt] = await until(
      async () => of.attemptsOf((await of.ofPerson(person)).id),
      ([one]) => one?.status === 'succeeded',
    );
    expect(attempt?.id).toBe(paymentId);
    const { done } = await asked;
    await of.became(done.subscriptionId, 'active');
    expect(world.psp.control.payments().filter((one) => one.customer_id === person.id)).toHaveLength(1);
  });

  it('that nobody makes is ended at the PSP; late payment of a dead row: given back, stays dead', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    await of.pass(done.subscriptionId, DAY_MS + 1);
    const expired = await of.became(done.subscriptionId, 'expired');
    expect(expired.endReason).toBe('unpaid');
    expect(world.psp.control.payment(done.attemptId!).status).toBe('cancelled');
    expect((await of.invoicesOf(done.subscriptionId)).map(({ status }) => status)).toEqual(['void']);
    expect((await of.attemptsOf(done.subscriptionId)).map(({ status }) => status)).toEqual(['failed']);
    await world.finished(`subscription/${done.subscriptionId}`);
    world.psp.control.pay(done.attemptId!);
    const [refund] = await giveBacksOf(done.attemptId!);
    expect(refund).toMatchObject({ amount: 999, currency: 'USD' });
    await world.finished(`refund/${refund!.refund_id}`);
    await of.lastAttempt(done.subscriptionId, (last) => last.status === 'given_back');
    expect((await of.row(done.subscriptionId)).status).toBe('expired');
    expect(await maySell(person)).toBe(false);
    await world.finished(`subscription/${done.subscriptionId}`);
  });

  it('of a wrong amount is given back, and the subscription waits on', async () => {
    const { done } = await of.subscribed(await makePerson(world, 'user'));
    world.psp.control.pay(done.attemptId!, { amountReceivedMinor: 998 });
    const [refund] = await giveBacksOf(done.attemptId!);
    expect(refund).toMatchObject({ amount: 998 });
    await world.finished(`refund/${refund!.refund_id}`);
    expect((await of.row(done.subscriptionId)).status).toBe('pending_payment');
    expect(await openFlags(world, 'amount_differs', `invoice/${done.invoiceId}`)).not.toEqual([]);
  });

  it('two subscribes at once: one row, one payment', async () => {
    const person = await makePerson(world, 'user');
    const both = await Promise.all([of.subscribed(person), of.subscribed(person)]);
    expect(new Set(both.map(({ done }) => done.subscriptionId)).size).toBe(1);
    expect(new Set(both.map(({ done }) => done.attemptId)).size).toBe(1);
    expect(world.psp.control.payments().filter((one) => one.customer_id === person.id)).toHaveLength(1);
  });

  it('whose secret has expired: a new one, one charge', async () => {
    const person = await makePerson(world, 'user');
    const first = await of.subscribed(person);
    await of.expireSecret(first.done.attemptId!);
    const again = await of.subscribed(person);
    expect(again.psp).toEqual({ kind: 'answered' });
    expect(again.done).toMatchObject({
      subscriptionId: first.done.subscriptionId,
      invoiceId: first.done.invoiceId,
    });
    expect(again.done.attemptId).not.toBe(first.done.attemptId);
    expect(world.psp.control.payment(first.done.attemptId!).status).toBe('cancelled');
    world.psp.control.pay(again.done.attemptId!);
    await of.became(first.done.subscriptionId, 'active');
    expect((await of.attemptsOf(first.done.subscriptionId)).map(({ status }) => status)).toEqual([
      'failed',
      'succeeded',
    ]);
  });

  it('replaced while unpaid, then paid: given back', async () => {
    const person = await makePerson(world, 'user');
    const first = await of.subscribed(person);
    // The buyer's bank is being asked when they choose another plan.
    world.psp.control.processing(first.done.attemptId!);
    const second = await of.subscribed(person, { planId: 'premium' });
    expect((await of.row(first.done.subscriptionId)).endReason).toBe('replaced');
    world.psp.control.pay(first.done.attemptId!);
    const [refund] = await giveBacksOf(first.done.attemptId!);
    await world.finished(`refund/${refund!.refund_id}`);
    world.psp.control.pay(second.done.attemptId!);
    await of.became(second.done.subscriptionId, 'active');
    await world.finished(`subscription/${first.done.subscriptionId}`);
  });

  it('replaced while it is being looked at: ended at once', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    const paymentId = done.attemptId!;
    await of.rests(done.subscriptionId);
    world.psp.control.addFault({
      kind: 'latency',
      delayMs: 1_000,
      match: 'payments.retrieve',
      where: { id: paymentId },
    });
    await world.engine.retrySubscription(await of.label(done.subscriptionId));
    await world.psp.control.waitForRequest(
      ({ operation, path }) => operation === 'payments.retrieve' && path.includes(paymentId),
    );
    await world.database.db.transaction((tx) =>
      subscribeToFree(tx, { userId: person.id, planId: 'free' }, TERMS),
    );
    await of.lastAttempt(done.subscriptionId, (last) => last.status === 'failed');
    expect(world.psp.control.payment(paymentId).status).toBe('cancelled');
    await world.finished(`subscription/${done.subscriptionId}`);
  });

  it('is not made by a set-up payment, which pays nothing', async () => {
    const { id, person } = await of.active();
    const { done, psp } = (await of.ask(id, { do: 'payment_method' })) as Awaited<
      ReturnType<typeof of.subscribed>
    >;
    expect(psp).toEqual({ kind: 'answered' });
    const before = await of.row(id);
    world.psp.control.pay(done.setupId!, { card: '5555555555554444' });
    const after = await until(
      () => of.row(id),
      (row) => row.paymentMethodId !== before.paymentMethodId,
    );
    expect(after.status).toBe('active');
    expect(await of.invoicesOf(id)).toHaveLength(1);
    expect((await of.attemptsOf(id)).map(({ status }) => status)).toEqual(['succeeded']);
    expect(await of.mailsOf(person)).toEqual(['invoice_receipt', 'subscription_started']);
  });

  it('Free has no workflow', async () => {
    const person = await makePerson(world, 'user');
    const { status, body } = await world.post(person, '/subscriptions/subscribe', { plan_id: 'free' });
    expect([status, body.subscription?.status]).toEqual([201, 'active']);
    const { id } = await of.ofPerson(person);
    expect(body.subscription?.id).toBe(id);
    // The engine refuses to tell of one that never was; a paid one, asked for in the same way, has one.
    const atEngine = (one: string) => world.temporal.workflow.getHandle(`subscription/${one}`).describe();
    await expect(atEngine(id)).rejects.toThrow(WorkflowNotFoundError);
    const { body: paid } = await world.post(person, '/subscriptions/subscribe', { plan_id: 'creator' });
    expect(await atEngine(paid.subscription!.id)).toMatchObject({ type: 'subscription' });
    await expect(atEngine(id)).rejects.toThrow(WorkflowNotFoundError);
    expect(await maySell(person)).toBe(false);
  });
});

describe('a worker that dies', () => {
  it('leaves a history that replays, also of asks that came together while there was none', async () => {
    const { id } = await of.active();
    await world.stopWorker();
    const asks = ['cancel', 'pay', 'reactivate', 'pay', 'cancel', 'reactivate'] as const;
    const answers = asks.map((what) => of.ask(id, { do: what }));
    for (let wakes = 0; wakes < 3; wakes += 1) await world.engine.wakeSubscription(await of.label(id));
    await world.startWorker();
    await Promise.all(answers);
    await of.rests(id);
    const workflowId = `subscription/${id}`;
    const history = await world.temporal.workflow.getHandle(workflowId).fetchHistory();
    const code = readFileSync(inject('workflowBundlePaths').plain, 'utf8');
    await Worker.runReplayHistory({ workflowBundle: { code } }, history, workflowId);
  });
});
