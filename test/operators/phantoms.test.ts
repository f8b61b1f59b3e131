import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { featuresOf } from '../../db/subscriptions/index.ts';
import { endIfPhantom, listPhantoms } from '../../db/subscriptions/phantoms.ts';
import { invoices } from '../../db/subscriptions/invoices/schema.ts';
import { subscriptions } from '../../db/subscriptions/schema.ts';
import { phantoms } from '../../ops/commands/phantoms.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { makePerson } from '../harness/shop.ts';
import { eventually, until } from '../harness/wait.ts';
import type { Person, World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from '../subscriptions/story.ts';
import { TERMS } from '../subscriptions/verbs.ts';
import { openOffice } from './support.ts';

let world: World;
let admin: Person;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  ({ world, first: admin } = await openOffice({ SUBSCRIPTION_PHANTOM_AFTER: '24h' }));
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const PREMIUM_MONTHLY = '01998000-0000-7000-8000-000000000004';
const UNNAMED = { hyperswitchPaymentId: ' ' };
const AN_HOUR_AGO = new Date(Date.now() - 60 * 60 * 1000);
const TOMORROW = new Date(Date.now() + DAY_MS);

describe('npm run ops -- phantoms', () => {
  const run = async (...args: string[]) => {
    const { exitCode } = process;
    try {
      return JSON.parse(await phantoms([...args, '--json'], world.env)) as Record<string, unknown>;
    } finally {
      process.exitCode = exitCode;
    }
  };

  it('dry run changes nothing, applied keeps the whole former row', async () => {
    const { id, person, attemptId } = await phantom();
    const { psp } = world;
    const before = await pictureOf(id);
    const former: unknown = JSON.parse(JSON.stringify(await of.row(id)));
    const calls = psp.control.requests().length;
    expect(await run()).toMatchObject({ dry_run: true, looked: 1, expired: 1, paid: 0, left: 0 });
    expect(await pictureOf(id)).toEqual(before);
    // The PSP was asked, and told nothing.
    expect(
      psp.control
        .requests()
        .slice(calls)
        .map(({ operation }) => operation),
    ).toEqual(['payments.retrieve']);
    expect(psp.control.payment(attemptId).status).toBe('requires_payment_method');

    const applied = await run('--apply');
    expect(applied).toMatchObject({ dry_run: false, looked: 1, expired: 1, paid: 0, left: 0 });
    const ended = await of.became(id, 'expired');
    expect(ended).toMatchObject({ endReason: 'phantom', nextDueAt: null });
    const kept = await world.database.sql`
      SELECT row, why, swept_on = (now() AT TIME ZONE 'UTC')::date AS today FROM phantom_subscriptions
      WHERE sweep_id = ${applied['sweep_id'] as string}`;
    expect(kept).toEqual([
      { row: former, why: 'it said that it is in force, and nobody had paid', today: true },
    ]);
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['void']);
    const { canSellOnMarketplace } = await featuresOf(world.database.db, person.id, TERMS);
    expect(canSellOnMarketplace).toBe(false);
    expect(await run()).toMatchObject({ looked: 0 });
    await world.finished(`subscription/${id}`);

    // Who pays it after that has their money back, and it stays dead.
    psp.control.pay(attemptId);
    const [refund] = await until(
      async () => psp.control.refunds(attemptId),
      (made) => made.length > 0,
    );
    expect(refund).toMatchObject({ amount: 999 });
    await world.finished(`refund/${refund!.refund_id}`);
    await of.lastAttempt(id, ({ status }) => status === 'given_back');
    expect((await of.row(id)).status).toBe('expired');
  });

  it('captured at the PSP: dispatched, and not expired', async () => {
    const { id, person, attemptId } = await phantom();
    world.psp.control.pay(attemptId, { webhook: false });
    const before = await pictureOf(id);
    expect(await run()).toMatchObject({ dry_run: true, looked: 1, expired: 0, paid: 1 });
    expect(await pictureOf(id)).toEqual(before);
    expect(await run('--apply')).toMatchObject({ dry_run: false, looked: 1, expired: 0, paid: 1 });
    await paidAfterAll(id, person);
  });

  it('paid, and its invoice does not name the payment: left, and a person is told', async () => {
    const { sql } = world.database;
    const { id, person } = await of.active();
    await of.rests(id);
    const [{ hyperswitchPaymentId } = { hyperswitchPaymentId: null }] = await of.invoicesOf(id);
    await sql`UPDATE invoices SET hyperswitch_payment_id = NULL WHERE subscription_id = ${id}`;
    await sql`UPDATE subscriptions SET created_at = created_at - interval '2 days' WHERE id = ${id}`;
    expect(await run()).toMatchObject({ looked: 1, expired: 0, paid: 0, left: 1 });
    expect(await flagsOn(id)).toEqual([]);
    expect(await run('--apply')).toMatchObject({ looked: 1, expired: 0, paid: 0, left: 1 });
    expect(await of.row(id)).toMatchObject({ status: 'active', endedAt: null });
    const told = () => sql`
      SELECT detail FROM ops_flags WHERE kind = 'phantom' AND subject = ${`subscription/${id}`} AND cleared_at IS NULL`;
    expect(await told()).toEqual([{ detail: expect.stringContaining(hyperswitchPaymentId!) }]);
    // Who subscribes instead of waiting pays again: the flag stays for the money that came before.
    await sql`UPDATE ops_flags SET cleared_at = now() WHERE subject = ${`subscription/${id}`}`;
    await of.subscribed(person);
    expect(await of.row(id)).toMatchObject({ status: 'expired', endReason: 'phantom' });
    expect(await told()).toEqual([{ detail: expect.stringContaining(hyperswitchPaymentId!) }]);
    await sql`UPDATE invoices SET hyperswitch_payment_id = ${hyperswitchPaymentId} WHERE subscription_id = ${id}`;
  });

  it('a late webhook wins', async () => {
    const { db } = world.database;
    const { id, person, attemptId } = await phantom();
    // A sweep has found it, and has asked the PSP; then the webhook comes.
    expect(await listPhantoms(db, { after: null, limit: 10 }, TERMS)).toEqual([id]);
    world.psp.control.pay(attemptId);
    await paidAfterAll(id, person);
    expect(await endIfPhantom(db, id, { sweepId: 'late', why: 'nobody had paid' }, TERMS)).toBeNull();
    expect(await of.row(id)).toMatchObject({ status: 'active', endedAt: null });
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid']);
    expect(await world.database.sql`SELECT FROM phantom_subscriptions WHERE sweep_id = 'late'`).toHaveLength(
      0,
    );
    expect(await run('--apply')).toMatchObject({ looked: 0 });
    expect(world.psp.control.refunds(attemptId)).toEqual([]);
  });

  it('leaves what is only late: no worker ran for longer than the grace, and the sweep renews it', async () => {
    const { id } = await of.active();
    await of.rests(id);
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the test wants it');
    const { currentPeriodEnd } = await of.row(id);
    await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 4 * 24 * 60 * 60 * 1000);
    expect(await run('--apply')).toMatchObject({ looked: 1, expired: 0, left: 1 });
    await sweepOverdue();
    await until(
      () => of.invoicesOf(id),
      (all) => all.length === 2 && all.every(({ status }) => status === 'paid'),
    );
    expect(await flagsOn(id)).not.toContain('phantom');
  });

  it.each([
    ['cancelled', 'canceled', 'asked'],
    ['on trial without a card', 'expired', 'trial_without_card'],
    ['on trial with a card', 'active', null],
  ] as const)(
    'leaves one %s whose time ended while no worker ran, and the sweep wakes it',
    async (kind, status, endReason) => {
      const id = await lateOne(kind);
      const before = await of.row(id);
      expect(await run('--apply')).toMatchObject({ expired: 0 });
      expect(await of.row(id)).toMatchObject({ status: before.status, endedAt: null });
      await sweepOverdue();
      expect(await of.became(id, status)).toMatchObject({ endReason });
      expect(await flagsOn(id)).toEqual([]);
      if (status !== 'active') return;
      const charged = (await of.invoicesOf(id)).map(({ reason, status: paid }) => [reason, paid]);
      expect(charged).toEqual([['trial_end', 'paid']]);
    },
  );

  it.each([
    ['that is due later', { nextDueAt: TOMORROW }, UNNAMED],
    ['that is due now, and is woken however often', { nextDueAt: AN_HOUR_AGO }, UNNAMED],
    ['that has no period', { currentPeriodStart: null, currentPeriodEnd: null }, UNNAMED],
    ['of which nothing is ever due', { nextDueAt: null }, UNNAMED],
    ['that is cancelled', { status: 'canceling' }, UNNAMED],
    ['on trial without an end', { status: 'trialing' }, UNNAMED],
    ['for which another plan was paid', { nextDueAt: TOMORROW }, { priceId: PREMIUM_MONTHLY }],
    ['whose paid period is to come', { nextDueAt: TOMORROW }, { periodStart: TOMORROW }],
  ] as const)('the sweep flags a phantom %s', async (_, wrong, paid) => {
    const { db } = world.database;
    const { id, invoiceId } = await of.active();
    await of.rests(id);
    const { priceId, periodStart, hyperswitchPaymentId } = (await of.invoicesOf(id))[0]!;
    const before = await of.row(id);
    await db.update(subscriptions).set(wrong).where(eq(subscriptions.id, id));
    await db.update(invoices).set(paid).where(eq(invoices.id, invoiceId));

    await sweepOverdue();
    expect(await flagsOn(id)).toEqual(['phantom']);
    await hasRested(id);
    await sweepOverdue();
    expect(await flagsOn(id)).toEqual(['phantom']);
    await hasRested(id);
    const { status } = { ...before, ...wrong };
    expect(await of.row(id)).toMatchObject({ status, endedAt: null });
    expect(await of.invoicesOf(id)).toHaveLength(1);

    await db
      .update(invoices)
      .set({ priceId, periodStart, hyperswitchPaymentId })
      .where(eq(invoices.id, invoiceId));
    await db.update(subscriptions).set(before).where(eq(subscriptions.id, id));
  });

  it('a paid one whose period runs is not flagged by the sweep', async () => {
    const { id } = await of.active();
    await of.rests(id);
    await sweepOverdue();
    expect(await flagsOn(id)).toEqual([]);
  });

  it('a period that nobody paid is not renewed: it is held, flagged and ended as a phantom', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const { sql } = world.database;
    const [{ hyperswitchPaymentId } = { hyperswitchPaymentId: null }] = await of.invoicesOf(id);
    await sql`UPDATE invoices SET hyperswitch_payment_id = NULL WHERE subscription_id = ${id}`;
    await of.passPeriod(id);
    await world.finished(`subscription/${id}`);
    expect(await of.row(id)).toMatchObject({ status: 'active', nextDueAt: null });
    expect(await flagsOn(id)).toEqual(['phantom']);
    expect(await of.invoicesOf(id)).toHaveLength(1);
    const paid = world.psp.control.payments().filter((payment) => payment.customer_id === person.id);
    expect(paid).toHaveLength(1);
    // The sweep wakes it, which asks for no money either; subscribing takes its place.
    await sweepOverdue();
    const { done } = await of.subscribed(person);
    expect(done.replacedId).toBe(id);
    expect(await of.row(id)).toMatchObject({ status: 'expired', endReason: 'phantom' });
    await sql`UPDATE invoices SET hyperswitch_payment_id = ${hyperswitchPaymentId} WHERE subscription_id = ${id}`;
  });

  it('what was cancelled and taken back is renewed, for its period was paid', async () => {
    const { id } = await of.active();
    await of.ask(id, { do: 'cancel' });
    await of.ask(id, { do: 'reactivate' });
    await of.rests(id);
    await of.passPeriod(id);
    await of.paid(id, 2);
    expect(await flagsOn(id)).toEqual([]);
  });

  it('subscribing replaces nothing that is only late: its renewal is charged, and nothing beside it', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the test wants it');
    const { currentPeriodEnd } = await of.row(id);
    await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 4 * DAY_MS);
    expect(await of.subscribe(person)).toMatchObject({ refused: { code: 'subscription_exists' } });
    await sweepOverdue();
    await of.paid(id, 2);
    expect((await of.attemptsOf(id)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  });

  /** It says that it is in force since two days ago, and its payment failed, as far as we know. */
  async function phantom() {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    const { subscriptionId: id, attemptId = '' } = done;
    await of.rests(id);
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the test wants it');
    const { sql } = world.database;
    await sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${attemptId}`;
    await sql`UPDATE subscriptions SET status = 'active', next_due_at = NULL,
      created_at = created_at - interval '2 days' WHERE id = ${id}`;
    await sql`INSERT INTO ops_flags (id, kind, subject, detail)
      VALUES (${uuidv7()}, 'phantom', ${`subscription/${id}`}, 'as the sweep would')`;
    return { id, person, attemptId };
  }

  /** All that is known of it, to be compared with itself later. */
  async function pictureOf(id: string) {
    const [picture] = await world.database.sql`
      SELECT to_jsonb(one) AS subscription,
        (SELECT jsonb_agg(to_jsonb(invoice)) FROM invoices AS invoice WHERE subscription_id = one.id) AS invoices,
        (SELECT jsonb_agg(to_jsonb(attempt)) FROM invoice_payments AS attempt JOIN invoices AS invoice
          ON invoice.id = attempt.invoice_id WHERE invoice.subscription_id = one.id) AS attempts,
        (SELECT count(*)::int FROM mails WHERE user_id = one.user_id) AS mails,
        (SELECT count(*)::int FROM phantom_subscriptions) AS kept,
        (SELECT count(*)::int FROM ops_flags) AS flags,
        (SELECT count(*)::int FROM ledger_entries) AS entries
      FROM subscriptions AS one WHERE one.id = ${id}`;
    return picture!;
  }

  async function paidAfterAll(id: string, person: Person) {
    const row = await of.paid(id, 1);
    expect(row).toMatchObject({ status: 'active', endedAt: null, periodIndex: 0 });
    expect(row.currentPeriodEnd!.getTime()).toBeGreaterThan(Date.now());
    expect((await of.attemptsOf(id)).map(({ status }) => status)).toEqual(['succeeded']);
    const { canSellOnMarketplace } = await featuresOf(world.database.db, person.id, TERMS);
    expect(canSellOnMarketplace).toBe(true);
  }

  /** Its workflow is lost, and all its time was over an hour ago. */
  async function lateOne(kind: 'cancelled' | 'on trial without a card' | 'on trial with a card') {
    const id = kind === 'cancelled' ? (await of.active()).id : await onTrial(kind === 'on trial with a card');
    if (kind === 'cancelled') await of.ask(id, { do: 'cancel' });
    await of.rests(id);
    await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the test wants it');
    const { currentPeriodEnd, trialEnd } = await of.row(id);
    await of.age(id, (trialEnd ?? currentPeriodEnd)!.getTime() - Date.now() + 60 * 60 * 1000);
    return id;
  }

  async function onTrial(withCard: boolean) {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person, { planId: 'premium', trial: true });
    const id = done.subscriptionId;
    if (!withCard) return id;
    const asked = await of.ask(id, { do: 'payment_method' });
    world.psp.control.pay('done' in asked ? asked.done.setupId! : '');
    await until(
      () => of.row(id),
      ({ paymentMethodId }) => paymentMethodId !== null,
    );
    return id;
  }

  /** Its workflow has done what is due, and waits or is over. */
  const hasRested = (id: string) =>
    eventually(async () => {
      const handle = world.temporal.workflow.getHandle(`subscription/${id}`);
      const { kind } = await handle.query<{ kind: string }>('state');
      expect(['wait', 'ended']).toContain(kind);
    });

  async function sweepOverdue() {
    const swept = await world.post(admin, '/admin/reconcile', { phases: ['overdue_subscriptions'] });
    expect(swept.status, JSON.stringify(swept.body)).toBe(200);
  }

  const flagsOn = async (id: string) =>
    (
      await world.database.sql<
        { kind: string }[]
      >`SELECT kind FROM ops_flags WHERE subject = ${`subscription/${id}`}`
    ).map(({ kind }) => kind);
});
