import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { keepAsk } from '../../db/kernel/index.ts';
import { invoicePayments } from '../../db/subscriptions/invoices/schema.ts';
import { cardSetups } from '../../db/subscriptions/schema.ts';
import type { AskedOfSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskAnswer } from '../../domain/subscriptions/asks.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { detailsOf, openFlags } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { attempted, eventually, until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { runsOf } from './runs.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const renewed = (id: string, index: number) => of.paid(id, index + 1);

async function sweep(phase: 'stuck_invoices' | 'overdue_subscriptions') {
  const sweepId = await world.engine.startSweep({ phases: [phase], drain: false });
  const report = await world.engine.sweepReport(sweepId);
  return report!.phases[phase]!;
}

/** Its renewal was charged, and the webhook that says so is lost; its workflow rests, or it would soon look itself. */
async function chargedUnheard() {
  const { id, person } = await of.active();
  await of.rests(id);
  world.psp.control.addFault({
    kind: 'loseWebhook',
    match: 'payment_succeeded',
    where: { customer_id: person.id },
  });
  await of.passPeriod(id);
  const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'succeeded');
  await of.rests(id);
  return { id, person, attempt: attempts.at(-1)! };
}

describe('the workflow', () => {
  it('more than 500 updates while the PSP is down: all answered, its history stays bounded, and continue-as-new loses none', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const down = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
    await of.passPeriod(id);
    await attempted(world, `subscription/${id}`, 2);
    // All are refused: a cancellation would end a renewal that the PSP has not answered.
    const deeds = ['pay', 'reactivate'] as const;
    const asks = Array.from({ length: 540 }, (_, index) => deeds[index % deeds.length]!);
    const inTurn = asks.values();
    const answers: unknown[] = [];
    const askInTurn = async () => {
      for (const deed of inTurn) answers.push(await of.answered(id, { do: deed }));
    };
    await Promise.all(Array.from({ length: 8 }, askInTurn));
    expect(answers).toHaveLength(asks.length);
    for (const answer of answers)
      expect(answer).toMatchObject({
        refused: { code: expect.stringMatching(/^(?:payment_pending|not_reactivatable)$/) as string },
      });
    const updatesOf = (names: readonly string[]) =>
      names.filter((name) => name === 'workflowExecutionUpdateCompletedEventAttributes').length;
    await eventually(async () => {
      const runs = await runsOf(world, id);
      expect(runs.length).toBeGreaterThanOrEqual(3);
      const updates = runs.map(({ names }) => updatesOf(names));
      expect(updates.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(asks.length);
      // As many as are in flight at once may have come before the last of them was counted.
      for (const count of updates) expect(count).toBeLessThanOrEqual(510);
      for (const { names } of runs) expect(names.length).toBeLessThanOrEqual(10 * 510);
    });
    // It goes on as it was, and its renewal is charged once.
    world.psp.control.clearFaults(down);
    // An attempt whose worker was too busy to say that it lives is repeated a minute later.
    await world.engine.retrySubscription(await of.label(id));
    await renewed(id, 1);
    expect((await of.row(id)).status).toBe('active');
    expect(world.psp.control.payments().filter(({ customer_id }) => customer_id === person.id)).toHaveLength(
      2,
    );
  }, 240_000);

  it('an update and a payment signal at the moment of continue-as-new: once', async () => {
    const stories = await Promise.all(Array.from({ length: 6 }, () => of.active()));
    for (const { id, person } of stories) {
      await of.rests(id);
      of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
      await of.passPeriod(id);
    }
    await Promise.all(
      stories.map(async ({ id }, index) => {
        const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
        await of.rests(id);
        world.psp.control.settleCharge(attempts.at(-1)!.id);
        await new Promise((resolve) => setTimeout(resolve, index * 15));
        expect(await of.answered(id, { do: 'cancel' })).toMatchObject({ done: { subscriptionId: id } });
        await renewed(id, 1);
        expect((await of.row(id)).status).toBe('canceling');
        expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'paid']);
      }),
    );
  });

  it('`retryNow` at the moment of continue-as-new: the next run looks at the PSP', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const upgraded = async () => {
      of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
      await of.ask(id, { do: 'change', planId: 'premium' });
      return (await of.lastAttempt(id, (last) => last.providerStatus === 'processing')).at(-1)!.id;
    };
    // Given up while the PSP processes it: it is looked at by the hour.
    const givenUp = await upgraded();
    await of.ask(id, { do: 'cancel' });
    await of.lastAttempt(id, (last) => last.reconcileCheckedAt !== null);
    await of.rests(id);
    await of.ask(id, { do: 'reactivate' });
    const paid = await upgraded();
    await of.rests(id);
    await world.stopWorker();
    world.psp.control.fail(givenUp, 'no', { webhook: false });
    world.psp.control.settleCharge(paid);
    await world.psp.control.idle();
    const handle = world.temporal.workflow.getHandle(`subscription/${id}`);
    const { runId } = await handle.describe();
    await world.engine.retrySubscription(await of.label(id));
    await world.startWorker();
    await until(
      () => of.attemptsOf(id),
      (attempts) => attempts.find((attempt) => attempt.id === givenUp)?.status === 'failed',
    );
    expect((await handle.describe()).runId).not.toBe(runId);
    expect((await of.invoicesOf(id)).map(({ reason, status }) => [reason, status])).toEqual([
      ['first', 'paid'],
      ['change', 'void'],
      ['change', 'paid'],
    ]);
  });

  it('after 500 updates it continues as new, at once, and never in a task that answers one', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const handle = world.temporal.workflow.getHandle(`subscription/${id}`);
    // An ask that is refused, and made again and again.
    const askId = uuidv7();
    await keepAsk<AskedOfSubscription>(world.database.db, askId, {
      kind: 'subscription_ask',
      userId: person.id,
      do: 'reactivate',
    });
    const { runId } = await handle.describe();
    const answers = Array.from({ length: 500 }).values();
    const askInTurn = async () => {
      for (const _ of answers) {
        expect(await handle.executeUpdate<AskAnswer, [string]>('ask', { args: [askId] })).toMatchObject({
          refused: { code: 'not_reactivatable' },
        });
      }
    };
    await Promise.all(Array.from({ length: 8 }, askInTurn));
    await until(
      () => handle.describe(),
      (seen) => seen.runId !== runId,
    );
  }, 240_000);

  it('what the PSP does not say of one thing holds up nothing else', async () => {
    const { id, invoiceId } = await of.active();
    await of.rests(id);
    const asked = await of.ask(id, { do: 'payment_method' });
    const setupId = 'done' in asked ? asked.done.setupId! : '';
    const { control } = world.psp;
    const { refund_id: refundId } = control.createExternalRefund(invoiceId, 400, { webhook: false });
    const unread = [`payments/${setupId}`, `refunds/${refundId}`, 'disputes/dispute_unread'];
    const faults = unread.map((path, index) =>
      control.addFault({
        kind: 'status',
        status: index < 2 ? 422 : 503,
        match: new RegExp(`GET /${path}.*`),
        times: 'always',
      }),
    );
    const label = await of.label(id);
    await world.engine.notifySubscriptionPayment({ paymentId: setupId }, label);
    const event = { paymentId: invoiceId, webhookId: uuidv7() };
    const refund = { kind: 'refund', providerRefundId: refundId, amountMinor: null, currency: null } as const;
    await world.engine.notifySubscriptionOutside({ ...event, ...refund }, label);
    const dispute = { kind: 'dispute', news: { providerDisputeId: 'dispute_unread' } } as const;
    await world.engine.notifySubscriptionOutside({ ...event, ...dispute }, label);
    for (const path of unread) await control.waitForRequest((request) => request.path.endsWith(path));
    const runsBefore = (await runsOf(world, id)).length;

    expect(await of.ask(id, { do: 'cancel' })).toMatchObject({ done: { subscriptionId: id } });
    expect(await of.ask(id, { do: 'reactivate' })).toMatchObject({ done: { subscriptionId: id } });
    await of.passPeriod(id);
    const { paymentMethodId } = await renewed(id, 1);
    const method = await of.providerCard(paymentMethodId!);
    control.setMethod(method, { charges: { declineCode: 'insufficient_funds' } });
    await of.rests(id);
    await of.passPeriod(id);
    await of.became(id, 'past_due');
    await of.rests(id);
    await of.pass(id, DAY_MS);
    await of.lastAttempt(id, (last) => last.attempt === 2 && last.status === 'failed');
    const paying = await of.ask(id, { do: 'pay' });
    control.pay('done' in paying ? paying.done.attemptId! : '');
    await of.became(id, 'active');
    await eventually(async () => expect((await runsOf(world, id)).length).toBeGreaterThan(runsBefore));

    expect((await of.invoicesOf(id))[0]).toMatchObject({ id: invoiceId, refundedMinor: 0 });
    for (const fault of faults) control.clearFaults(fault);
    await until(
      () => of.invoicesOf(id),
      ([first]) => first?.refundedMinor === 400,
    );
  });

  it('a run that goes on from another says what it is about, which no summary does', async () => {
    const { id } = await of.active();
    await eventually(async () => {
      expect(await runsOf(world, id)).toHaveLength(2);
      expect(await detailsOf(world, `subscription/${id}`)).toContain('**About:** plan creator, 9.99 USD');
    });
  });

  it('a payment that the PSP has answered for and does not know any more is asked for again under its id', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    const id = done.attemptId!;
    const match = new RegExp(`GET /payments/${id}.*`);
    const error = {
      type: 'invalid_request',
      code: 'HE_02',
      message: 'Payment does not exist in our records',
    };
    world.psp.control.addFault({ kind: 'status', status: 404, body: { error }, match });
    const asked = () =>
      world.psp.control
        .requests('payments.create')
        .filter(({ body }) => (body as { payment_id?: string }).payment_id === id).length;
    const before = asked();
    await world.engine.retrySubscription(await of.label(done.subscriptionId));
    await until(
      async () => asked(),
      (count) => count > before,
    );
    await of.lastAttempt(done.subscriptionId, ({ clientSecret }) => clientSecret !== null);
    world.psp.control.pay(id);
    await of.became(done.subscriptionId, 'active');
  });

  it('terminated: found when due', async () => {
    const { id } = await of.active();
    await of.rests(id);
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('by accident');
    await of.age(id, 31 * DAY_MS + 60 * 60_000);
    const swept = await sweep('overdue_subscriptions');
    expect(swept.why).toMatchObject({ woken: expect.any(Number) as number });
    await renewed(id, 1);
    // What is not due is left.
    await of.rests(id);
    const again = await sweep('overdue_subscriptions');
    expect(again.seen).toBe(0);
  });

  it('of a database restored to before a renewal: what was charged is adopted, and nothing more is', async () => {
    const { id, person, attempt } = await chargedUnheard();
    const { id: chargedId, invoiceId } = attempt;
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the backup is older');
    await world.database.sql.begin(async (tx) => {
      await tx`DELETE FROM invoice_payments WHERE id = ${chargedId}`;
      await tx`DELETE FROM invoice_lines WHERE invoice_id = ${invoiceId}`;
      await tx`DELETE FROM invoices WHERE id = ${invoiceId}`;
      await tx`UPDATE subscriptions SET next_due_at = current_period_end WHERE id = ${id}`;
    });
    await sweep('overdue_subscriptions');
    await of.lastAttempt(id, (last) => !last.onSession && last.providerStatus === 'succeeded');
    // Its webhook came before the restore, and comes no more.
    await of.rests(id);
    await world.engine.retrySubscription(await of.label(id));
    await renewed(id, 1);
    const charged = world.psp.control.payments().filter((payment) => payment.customer_id === person.id);
    expect(charged.map(({ payment_id, status }) => [payment_id, status])).toEqual([
      [expect.any(String), 'succeeded'],
      [chargedId, 'succeeded'],
    ]);
    expect((await of.invoicesOf(id)).at(-1)).toMatchObject({
      ...{ reason: 'renewal', status: 'paid', hyperswitchPaymentId: chargedId },
    });
  });

  it('a stuck invoice whose payment the PSP refuses to show is left, and a person is told', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    const { subscriptionId: id, attemptId } = done;
    world.psp.control.pay(attemptId!, { webhook: false });
    const { db } = world.database;
    await db
      .update(invoicePayments)
      .set({ askedAt: sql`now() - interval '31 minutes'` })
      .where(eq(invoicePayments.id, attemptId!));
    const unreadable = world.psp.control.addFault({
      kind: 'status',
      status: 422,
      match: 'payments.retrieve',
      where: { id: attemptId! },
      times: 'always',
    });
    expect(await sweep('stuck_invoices')).toMatchObject({ synced: 0, why: { psp_unreadable: 1 } });
    expect(await openFlags(world, 'renewal_unanswered', `subscription/${id}`)).toHaveLength(1);
    expect((await of.row(id)).status).toBe('pending_payment');
    world.psp.control.clearFaults(unreadable);
    expect(await sweep('stuck_invoices')).toMatchObject({ synced: 1, why: { told: 1 } });
    await of.became(id, 'active');
  });

  it('a stuck invoice is synced', async () => {
    const { id, attempt } = await chargedUnheard();
    const { db } = world.database;
    const { id: attemptId } = attempt;
    await db
      .update(invoicePayments)
      .set({ askedAt: sql`now() - interval '31 minutes'` })
      .where(eq(invoicePayments.id, attemptId));
    const swept = await sweep('stuck_invoices');
    expect(swept).toMatchObject({ synced: 1, why: { told: 1 } });
    await renewed(id, 1);
  });

  describe('a set-up payment', () => {
    /** It was asked for so long ago. */
    const setUp = async (id: string, askedAgo: string) => {
      const asked = await of.ask(id, { do: 'payment_method' });
      if (!('done' in asked)) throw new Error('no set-up payment was asked for');
      const setupId = asked.done.setupId!;
      await world.database.db
        .update(cardSetups)
        .set({ askedAt: sql`now() - ${askedAgo}::interval` })
        .where(eq(cardSetups.id, setupId));
      return setupId;
    };
    const setupRow = async (setupId: string) => {
      const { db } = world.database;
      const [row] = await db.select().from(cardSetups).where(eq(cardSetups.id, setupId));
      return row!;
    };

    it('whose webhook was lost is found, and who is past due is charged at once', async () => {
      const { id, person } = await of.active();
      const { paymentMethodId } = await of.row(id);
      world.psp.control.setMethod(await of.providerCard(paymentMethodId!), {
        charges: { declineCode: 'lost_card' },
      });
      await of.passPeriod(id);
      await of.became(id, 'past_due');
      const setupId = await setUp(id, '31 minutes');
      world.psp.control.addFault({
        kind: 'loseWebhook',
        match: 'payment_succeeded',
        where: { customer_id: person.id },
        times: 1,
      });
      world.psp.control.pay(setupId, { card: '5555555555554444' });
      await world.psp.control.idle();
      expect((await of.row(id)).status).toBe('past_due');
      const swept = await sweep('stuck_invoices');
      expect(swept).toMatchObject({ synced: 1, why: { told: 1 } });
      const recovered = await of.became(id, 'active');
      expect(recovered.paymentMethodId).not.toBe(paymentMethodId);
      expect(await setupRow(setupId)).toMatchObject({
        clientSecret: null,
        endedAt: expect.any(Date) as Date,
      });
    });

    it('is left while its buyer may confirm it, and ends with its secret', async () => {
      const { id } = await of.active();
      const setupId = await setUp(id, '47 hours');
      const { reconcileCheckedAt, clientSecret } = await setupRow(setupId);
      expect({ reconcileCheckedAt, clientSecret }).toEqual({
        reconcileCheckedAt: null,
        clientSecret: expect.any(String) as string,
      });
      const left = await sweep('stuck_invoices');
      expect(left).toMatchObject({ seen: 1, why: { psp_says_requires_payment_method: 1 } });
      expect(await setupRow(setupId)).toMatchObject({ clientSecret, endedAt: null });
      expect((await setupRow(setupId)).reconcileCheckedAt).not.toBeNull();
      await world.database
        .sql`UPDATE card_setups SET asked_at = now() - interval '49 hours' WHERE id = ${setupId}`;
      expect(await sweep('stuck_invoices')).toMatchObject({ synced: 1, why: { secret_dead: 1 } });
      expect(await setupRow(setupId)).toMatchObject({
        clientSecret: null,
        endedAt: expect.any(Date) as Date,
      });
      expect((await sweep('stuck_invoices')).seen).toBe(0);
    });
  });
});
