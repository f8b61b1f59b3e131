import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { subscriptionChanges } from '../../db/subscriptions/changes/schema.ts';
import { assertMayDistribute, featuresOf } from '../../db/subscriptions/index.ts';
import { invoiceLines, revenueSchedules } from '../../db/subscriptions/invoices/schema.ts';
import { proportionMinor } from '../../domain/kernel/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { eventually, until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';
import { TERMS } from './verbs.ts';

// Changes of plan and cycle, as the engine charges or schedules them.

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const renewed = (id: string, index: number) => of.paid(id, index + 1);
const paymentsOf = ({ id }: Person) =>
  world.psp.control.payments().filter((payment) => payment.customer_id === id);
const changesOf = (id: string) =>
  world.database.db
    .select()
    .from(subscriptionChanges)
    .where(eq(subscriptionChanges.subscriptionId, id))
    .orderBy(subscriptionChanges.createdAt);
const linesOf = async (invoiceId: string) => {
  const lines = await world.database.db
    .select()
    .from(invoiceLines)
    .where(eq(invoiceLines.invoiceId, invoiceId))
    .orderBy(invoiceLines.position);
  return lines.map(({ kind, amountMinor }) => [kind, amountMinor]);
};
/** What an invoice is owed in service: all of it, and what is revenue already. Minor units. */
const scheduleOf = async (invoiceId: string) => {
  const [schedule] = await world.database.db
    .select()
    .from(revenueSchedules)
    .where(eq(revenueSchedules.invoiceId, invoiceId));
  return schedule!;
};
const aYearAfter = (from: Date) => {
  const end = new Date(from);
  end.setUTCFullYear(from.getUTCFullYear() + 1);
  return end;
};

describe('an upgrade', () => {
  const upgrade = (id: string) => of.ask(id, { do: 'change', planId: 'premium' });

  it('is charged at once, and the old plan stays until it is paid', async () => {
    const { id } = await of.active();
    const changed = await upgrade(id);
    expect(changed).toMatchObject({ psp: { kind: 'answered' } });
    const premium = await of.priceOf('premium', 'monthly');
    const row = await until(
      () => of.row(id),
      ({ priceId }) => priceId === premium.id,
    );
    expect(row).toMatchObject({ status: 'active', periodIndex: 0 });
    expect((await of.invoicesOf(id)).map(({ reason, status }) => [reason, status])).toEqual([
      ['first', 'paid'],
      ['change', 'paid'],
    ]);
  });

  it('refused: a card that is declined fails the change, all else as it was, no dunning', async () => {
    const { id, person } = await of.active();
    const before = await of.row(id);
    world.psp.control.setMethod(await of.providerCard(before.paymentMethodId!), {
      charges: { declineCode: 'insufficient_funds' },
    });
    await upgrade(id);
    await eventually(async () => expect(await of.mailsOf(person)).toContain('change_failed'));
    await unchanged(id, before);
    expect(await of.attemptsOf(id)).toMatchObject([
      { status: 'succeeded' },
      { status: 'failed', declineCode: 'insufficient_funds' },
    ]);
  });

  it('refused: a call that the PSP takes as wrong fails the change, all else as it was, no dunning', async () => {
    const { id, person } = await of.active();
    const before = await of.row(id);
    const error = { type: 'invalid_request', code: 'IR_06', message: 'customer_id is not allowed' };
    of.onCharges(person, { kind: 'status', status: 422, body: { error } });
    expect(await upgrade(id)).toMatchObject({ psp: { kind: 'refused', detail: error.message } });
    await unchanged(id, before);
    expect(await of.mailsOf(person)).toEqual(['invoice_receipt', 'subscription_started', 'change_failed']);
    expect(paymentsOf(person)).toHaveLength(1);
    // It is no word about the card: the next wish is charged, and the renewal after it has its price.
    await upgrade(id);
    await renewed(id, 1);
    await of.passPeriod(id);
    await renewed(id, 2);
    expect((await changesOf(id)).map(({ status }) => status)).toEqual(['failed', 'applied']);
    expect((await of.invoicesOf(id)).map(({ reason, status }) => [reason, status])).toEqual([
      ['first', 'paid'],
      ['change', 'void'],
      ['change', 'paid'],
      ['renewal', 'paid'],
    ]);
    expect((await of.invoicesOf(id)).at(-1)?.amountMinor).toBe(1_999);
  });

  it('refused for good: no later wish and no renewal charges that card, until its holder gives it again', async () => {
    const { id, person } = await of.active();
    const before = await of.row(id);
    const card = await of.providerCard(before.paymentMethodId!);
    world.psp.control.setMethod(card, { charges: { declineCode: 'stolen_card' } });
    await upgrade(id);
    await eventually(async () => expect(await of.mailsOf(person)).toContain('change_failed'));
    await unchanged(id, before);
    // It would pass now, but nobody may try.
    world.psp.control.setMethod(card, { charges: 'succeed' });
    expect(await upgrade(id)).toMatchObject({ refused: { code: 'payment_method_required' } });
    await of.passPeriod(id);
    await of.became(id, 'past_due');
    await of.rests(id);
    await of.pass(id, DAY_MS);
    await eventually(async () =>
      expect((await of.mailsOf(person)).filter((kind) => kind === 'payment_failed')).toHaveLength(2),
    );
    await of.rests(id);
    expect(await of.attemptsOf(id)).toMatchObject([
      { status: 'succeeded' },
      { status: 'failed', declineCode: 'stolen_card', declineClass: 'final' },
      { status: 'failed', declineCode: 'no_card', paymentMethodId: null },
    ]);
    expect(paymentsOf(person)).toHaveLength(2);
    await of.giveCard(id);
    const recovered = await of.became(id, 'active');
    expect(recovered.paymentMethodId).toBe(before.paymentMethodId);
    await of.rests(id);
    await of.passPeriod(id);
    await of.paid(id, 3);
  });

  /** A change was refused, and nothing else has come of it. */
  async function unchanged(id: string, before: Awaited<ReturnType<typeof of.row>>) {
    await of.rests(id);
    expect((await changesOf(id)).map(({ status }) => status)).toEqual(['failed']);
    expect((await of.invoicesOf(id)).map((invoice) => invoice.status)).toEqual(['paid', 'void']);
    const { nextDueAt, ...after } = await of.row(id);
    expect(after).toEqual({ ...before, nextDueAt: undefined });
    // What is due next is its renewal, as before: within the jitter after its period.
    const laterMs = nextDueAt!.getTime() - after.currentPeriodEnd!.getTime();
    expect(laterMs).toBeGreaterThanOrEqual(0);
    expect(laterMs).toBeLessThanOrEqual(10 * 60_000);
  }

  it('racing the renewal: the change is ended first, then the renewal has the old price', async () => {
    const { id } = await of.active();
    const before = await of.row(id);
    world.psp.control.setMethod(await of.providerCard(before.paymentMethodId!), { charges: 'want_buyer' });
    await upgrade(id);
    await of.lastAttempt(id, (last) => last.status === 'failed');
    const paying = await of.ask(id, { do: 'pay' });
    const waiting = 'done' in paying ? paying.done.attemptId! : '';
    world.psp.control.setMethod(await of.providerCard(before.paymentMethodId!), { charges: 'succeed' });
    await of.giveCard(id);
    await of.passPeriod(id);
    await renewed(id, 1);
    expect(world.psp.control.payment(waiting).status).toBe('cancelled');
    expect((await of.row(id)).priceId).toBe(before.priceId);
    expect((await of.invoicesOf(id)).map(({ reason, status }) => [reason, status])).toEqual([
      ['first', 'paid'],
      ['change', 'void'],
      ['renewal', 'paid'],
    ]);
  });
});

describe('a downgrade', () => {
  it('keeps access until the period’s end, and the next invoice has its price', async () => {
    const { id, person } = await of.active({ planId: 'premium' });
    const { db } = world.database;
    /** As the gates see it, which ask for an effective payment. */
    const given = async () => {
      await assertMayDistribute(db, person.id, TERMS);
      return (await featuresOf(db, person.id, TERMS)).uploadQuotaMb;
    };
    const before = await of.row(id);
    await of.ask(id, { do: 'change', planId: 'creator' });
    expect((await of.row(id)).priceId).toBe(before.priceId);
    expect(await given()).toBe(102_400);
    await of.rests(id);
    // Also at the last minute of what was paid.
    await of.pass(id, before.currentPeriodEnd!.getTime() - Date.now() - 60_000);
    await of.rests(id);
    expect(await given()).toBe(102_400);
    await of.passPeriod(id);
    const after = await renewed(id, 1);
    expect(after.priceId).toBe((await of.priceOf('creator', 'monthly')).id);
    expect(await given()).toBe(10_240);
    expect((await of.invoicesOf(id)).map(({ amountMinor }) => amountMinor)).toEqual([1999, 999]);
  });
});

describe('both cycle changes', () => {
  it('monthly to yearly: at once, the whole price less what is unused, and a year from the quote on', async () => {
    const { id, person, invoiceId } = await of.active();
    await of.rests(id);
    await of.age(id, 10 * DAY_MS);
    const before = await of.row(id);
    await of.ask(id, { do: 'change', billingCycle: 'yearly' });
    await renewed(id, 1);
    const [change] = await changesOf(id);
    const [, charged] = await of.invoicesOf(id);
    const { quotedAt } = change!;
    const [startMs, endMs] = [before.currentPeriodStart!.getTime(), before.currentPeriodEnd!.getTime()];
    const unusedMinor = proportionMinor(999, endMs - quotedAt.getTime(), endMs - startMs);
    expect(change).toMatchObject({ status: 'applied', invoiceId: charged!.id });
    expect(charged).toMatchObject({
      ...{ reason: 'change', status: 'paid', amountMinor: 9_990 - unusedMinor },
      ...{ periodStart: quotedAt, periodEnd: aYearAfter(quotedAt) },
    });
    expect(await linesOf(charged!.id)).toEqual([
      ['plan', 9_990],
      ['unused_credit', -unusedMinor],
    ]);
    expect(await of.row(id)).toMatchObject({
      ...{ status: 'active', priceId: (await of.priceOf('creator', 'yearly')).id, periodIndex: 0 },
      ...{ anchorAt: quotedAt, currentPeriodStart: quotedAt, currentPeriodEnd: aYearAfter(quotedAt) },
    });
    // The month has earned its days; its rest is owed by the year.
    const earnedMinor = proportionMinor(999, quotedAt.getTime() - startMs, endMs - startMs);
    expect(await scheduleOf(invoiceId)).toMatchObject({
      ...{ amountMinor: earnedMinor, recognisedMinor: earnedMinor },
    });
    expect(await scheduleOf(charged!.id)).toMatchObject({
      ...{ amountMinor: charged!.amountMinor + 999 - earnedMinor, recognisedMinor: 0 },
      ...{ startsAt: quotedAt, endsAt: aYearAfter(quotedAt) },
    });
    // The month's end is nothing any more, and the year's is.
    await of.pass(id, endMs - Date.now() + DAY_MS);
    await of.rests(id);
    expect(await of.invoicesOf(id)).toHaveLength(2);
    await of.passPeriod(id);
    await renewed(id, 2);
    expect((await of.invoicesOf(id)).at(-1)).toMatchObject({ reason: 'renewal', amountMinor: 9_990 });
    expect(paymentsOf(person)).toHaveLength(3);
  });

  it('yearly to monthly: at the period’s end, without a credit, and then by the month', async () => {
    const { id, person } = await of.active({ billingCycle: 'yearly' });
    const before = await of.row(id);
    expect(await of.ask(id, { do: 'change', billingCycle: 'monthly' })).toMatchObject({
      psp: { kind: 'none' },
    });
    await of.rests(id);
    expect(await of.row(id)).toMatchObject({
      priceId: before.priceId,
      currentPeriodEnd: before.currentPeriodEnd,
    });
    const { currentPeriodEnd: end } = await of.row(id);
    await of.pass(id, end!.getTime() - Date.now() - 6 * DAY_MS);
    await of.rests(id);
    expect(await of.invoicesOf(id)).toHaveLength(1);
    expect((await changesOf(id)).map(({ status }) => status)).toEqual(['scheduled']);
    await of.passPeriod(id);
    const monthly = await renewed(id, 1);
    // No year was charged next, so nobody was told of one.
    expect(await of.mailsOf(person)).not.toContain('year_renews_soon');
    const [first, second] = await of.invoicesOf(id);
    expect(second).toMatchObject({ reason: 'renewal', amountMinor: 999, periodStart: first!.periodEnd });
    expect(await linesOf(second!.id)).toEqual([['plan', 999]]);
    expect(monthly).toMatchObject({
      ...{ status: 'active', priceId: (await of.priceOf('creator', 'monthly')).id },
      ...{ currentPeriodStart: first!.periodEnd, currentPeriodEnd: second!.periodEnd },
    });
    const days = (second!.periodEnd!.getTime() - second!.periodStart!.getTime()) / DAY_MS;
    expect(days).toBeGreaterThanOrEqual(28);
    expect(days).toBeLessThanOrEqual(31);
    expect((await changesOf(id)).map(({ status }) => status)).toEqual(['applied']);
    await of.passPeriod(id);
    await renewed(id, 2);
    expect(paymentsOf(person).map(({ amount }) => amount)).toEqual([9_990, 999, 999]);
  });

  it('a higher plan by the month, wanted from a yearly one: cycle_change_at_period_end, upgrade first', async () => {
    const { id, person } = await of.active({ billingCycle: 'yearly' });
    const before = await of.row(id);
    const wish = { do: 'change', planId: 'premium', billingCycle: 'monthly' } as const;
    expect(await of.ask(id, wish)).toMatchObject({ refused: { code: 'cycle_change_at_period_end' } });
    await of.rests(id);
    const { priceId, currentPeriodEnd } = before;
    expect(await of.row(id)).toMatchObject({ priceId, currentPeriodEnd, status: 'active' });
    expect(await changesOf(id)).toEqual([]);
    await of.ask(id, { do: 'change', planId: 'premium' });
    const upgraded = await renewed(id, 1);
    expect(upgraded.currentPeriodEnd).toEqual(before.currentPeriodEnd);
    await of.ask(id, { do: 'change', billingCycle: 'monthly' });
    await of.passPeriod(id);
    const monthly = await renewed(id, 2);
    expect(monthly.priceId).toBe((await of.priceOf('premium', 'monthly')).id);
    expect((await changesOf(id)).map(({ status }) => status)).toEqual(['applied', 'applied']);
    expect(paymentsOf(person).at(-1)?.amount).toBe(1_999);
  });
});
