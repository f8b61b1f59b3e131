import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { advance } from '../../db/subscriptions/advance.ts';
import { featuresOf } from '../../db/subscriptions/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { attempted, eventually, until } from '../harness/wait.ts';
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
const paymentsOf = ({ id }: Person) =>
  world.psp.control.payments().filter((payment) => payment.customer_id === id);

describe('a renewal', () => {
  it('is charged once to the card on file, and the period moves with the payment', async () => {
    const { id, person } = await of.active();
    await of.passPeriod(id);
    const after = await of.paid(id, 2);
    const [first, second] = await of.invoicesOf(id);
    expect(second).toMatchObject({ reason: 'renewal', status: 'paid', periodStart: first!.periodEnd });
    expect(after.currentPeriodEnd).toEqual(second!.periodEnd);
    expect(paymentsOf(person).map(({ status, off_session }) => [status, off_session])).toEqual([
      ['succeeded', null],
      ['succeeded', true],
    ]);
    expect(await maySell(person)).toBe(true);
  });

  it('while the PSP is down for a day: access stays, one charge', async () => {
    const { id, person } = await of.active();
    const down = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
    await of.passPeriod(id);
    await attempted(world, `subscription/${id}`, 3);
    await of.pass(id, DAY_MS);
    expect(await maySell(person)).toBe(true);
    expect((await of.row(id)).status).toBe('active');
    world.psp.control.clearFaults(down);
    await of.paid(id, 2);
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('held up by a change that the PSP processes for days: closed, flagged beyond the grace, then renewed', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
    await of.ask(id, { do: 'change', planId: 'premium' });
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    await of.passPeriod(id);
    await of.lastAttempt(id, (last) => last.endRequestedAt !== null);
    await of.pass(id, 3 * DAY_MS);
    await eventually(async () =>
      expect(await openFlags(world, 'renewal_unanswered', `subscription/${id}`)).toHaveLength(1),
    );
    expect(await maySell(person)).toBe(false);
    // Nothing else is charged until it is known to be over.
    expect(paymentsOf(person)).toHaveLength(2);
    world.psp.control.fail(attempts.at(-1)!.id, 'no');
    await of.paid(id, 2);
    expect(await maySell(person)).toBe(true);
    expect((await of.invoicesOf(id)).map(({ reason, status }) => [reason, status])).toEqual([
      ['first', 'paid'],
      ['change', 'void'],
      ['renewal', 'paid'],
    ]);
  });

  it('beyond the grace: closed, flagged', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    await of.pass(id, 3 * DAY_MS);
    await eventually(async () =>
      expect(await openFlags(world, 'renewal_unanswered', `subscription/${id}`)).toHaveLength(1),
    );
    expect(await maySell(person)).toBe(false);
    expect((await of.row(id)).status).toBe('active');
    const { currentPeriodEnd: end } = await of.row(id);
    world.psp.control.settleCharge(attempts.at(-1)!.id);
    const after = await of.paid(id, 2);
    expect(await maySell(person)).toBe(true);
    // The days without access are not sold: the period begins with the payment.
    const [, renewal] = await of.invoicesOf(id);
    expect(renewal!.paidAt!.getTime()).toBeGreaterThanOrEqual(end!.getTime() + 3 * DAY_MS);
    expect(renewal).toMatchObject({ periodStart: renewal!.paidAt, periodEnd: after.currentPeriodEnd });
    expect(after).toMatchObject({
      ...{ anchorAt: renewal!.paidAt, periodIndex: 0, currentPeriodStart: renewal!.paidAt },
    });
    await of.rests(id);
    await of.passPeriod(id);
    await of.paid(id, 3);
    const [, second, third] = await of.invoicesOf(id);
    expect(third).toMatchObject({ periodStart: second!.periodEnd });
  });

  it('whose answer is lost is adopted', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, { kind: 'dropAfter' });
    await of.passPeriod(id);
    await of.paid(id, 2);
    expect(paymentsOf(person)).toHaveLength(2);
    expect((await of.attemptsOf(id)).map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'succeeded'],
      [1, 'succeeded'],
    ]);
  });

  it('two runs of one renewal: one invoice', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 11 * 60_000);
    const steps = await Promise.all([
      advance(world.database.db, id, TERMS),
      advance(world.database.db, id, TERMS),
    ]);
    expect(steps.map(({ kind }) => kind)).toEqual(['ask', 'ask']);
    expect(await of.invoicesOf(id)).toHaveLength(2);
    await of.pass(id, 0);
    await of.paid(id, 2);
    expect(await of.invoicesOf(id)).toHaveLength(2);
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('`processing` for days: no second attempt', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    for (let days = 0; days < 3; days += 1) {
      await of.pass(id, DAY_MS);
      await world.engine.retrySubscription(await of.label(id));
      await of.rests(id);
    }
    expect(await of.attemptsOf(id)).toHaveLength(2);
    expect(paymentsOf(person)).toHaveLength(2);
    expect(await of.row(id)).toMatchObject({ status: 'active', dunningIndex: 0 });
    world.psp.control.settleCharge(attempts.at(-1)!.id);
    await of.paid(id, 2);
  });

  it('price raised, plan withdrawn: renews as before', async () => {
    const { sql } = world.database;
    const { id, person } = await of.active();
    await sql`UPDATE plan_prices SET valid_until = now() WHERE plan_id = 'creator' AND billing_cycle = 'monthly'`;
    await sql`INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
      VALUES (${uuidv7()}, 'creator', 'monthly', 1499, 'USD', now())`;
    await sql`UPDATE plans SET offered = false WHERE id = 'creator'`;
    const before = await of.row(id);
    for (const periods of [2, 3]) {
      await of.passPeriod(id);
      expect((await of.paid(id, periods)).priceId).toBe(before.priceId);
    }
    expect(paymentsOf(person).map(({ amount }) => amount)).toEqual([999, 999, 999]);
    expect(await maySell(person)).toBe(true);
    await sql`DELETE FROM plan_prices WHERE plan_id = 'creator' AND amount_minor = 1499`;
    await sql`UPDATE plan_prices SET valid_until = NULL WHERE plan_id = 'creator' AND billing_cycle = 'monthly'`;
    await sql`UPDATE plans SET offered = true WHERE id = 'creator'`;
  });

  it('a timer that fires early is told how long to wait', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    // The timer fires a day before its time.
    const { currentPeriodEnd } = await of.row(id);
    await of.pass(id, currentPeriodEnd!.getTime() - Date.now() - DAY_MS);
    await of.rests(id);
    const step = await advance(world.database.db, id, TERMS);
    expect(step).toMatchObject({ kind: 'wait' });
    expect(step.kind === 'wait' && step.delayMs).toBeGreaterThanOrEqual(DAY_MS - 60_000);
    expect(paymentsOf(person)).toHaveLength(1);
  });
});

describe('a worker whose clock is', () => {
  let story: ReturnType<typeof subscriptionsOf>;
  let shifted: World;
  beforeAll(async () => {
    shifted = await World.create({ worker: false, env: { SUBSCRIPTION_RENEWAL_JITTER: '1s' } });
    story = subscriptionsOf(shifted);
  });
  afterEach(() => shifted.killWorkerProcess());
  afterAll(() => shifted.close());

  const MINUTE_MS = 60_000;

  /** A worker in a process of its own, to which it is so much later than it is. */
  const startShifted = (byMs: number) => {
    const source = `const Real = Date;
      globalThis.Date = class extends Real {
        constructor(...given) { given.length === 0 ? super(Real.now() + ${byMs}) : super(...given); }
        static now() { return Real.now() + ${byMs}; }
      };`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(source)}`;
    return shifted.startWorkerProcess({ NODE_OPTIONS: preload });
  };
  const charges = ({ id }: { readonly id: string }) =>
    shifted.psp.control.payments().filter(({ customer_id }) => customer_id === id);

  it('ahead by ten minutes: charges nothing before its time', async () => {
    await startShifted(10 * MINUTE_MS);
    const { id, person } = await story.active();
    await story.rests(id);
    const { currentPeriodEnd } = await story.row(id);
    await story.pass(id, currentPeriodEnd!.getTime() - Date.now() - 5 * MINUTE_MS);
    await story.rests(id);
    expect(await story.invoicesOf(id)).toHaveLength(1);
    expect(charges(person)).toHaveLength(1);
    await story.passPeriod(id, 2 * MINUTE_MS);
    await story.paid(id, 2);
    expect(charges(person)).toHaveLength(2);
  });

  it('behind by ten minutes: charges at its time all the same', async () => {
    await startShifted(-10 * MINUTE_MS);
    const { id, person } = await story.active();
    await story.rests(id);
    await story.passPeriod(id, 2 * MINUTE_MS);
    await story.paid(id, 2);
    expect(charges(person)).toHaveLength(2);
  });
});

describe('a cancellation', () => {
  it('before the charge was asked for prevents it, and access lasts until the end', async () => {
    const { id, person } = await of.active();
    expect(await of.ask(id, { do: 'cancel' })).toMatchObject({ done: { subscriptionId: id } });
    expect((await of.row(id)).status).toBe('canceling');
    expect(await maySell(person)).toBe(true);
    await of.passPeriod(id, 1);
    const ended = await of.became(id, 'canceled');
    expect(ended.endReason).toBe('asked');
    expect(await maySell(person)).toBe(false);
    await world.finished(`subscription/${id}`);
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('with a renewal in flight: a success runs to its period’s end', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    expect(await of.ask(id, { do: 'cancel' })).toMatchObject({ done: {} });
    await of.rests(id);
    expect((await of.row(id)).status).toBe('canceling');
    world.psp.control.settleCharge(attempts.at(-1)!.id);
    await of.paid(id, 2);
    expect((await of.row(id)).status).toBe('canceling');
    expect(await maySell(person)).toBe(true);
    await of.passPeriod(id, 1);
    await of.became(id, 'canceled');
    expect(paymentsOf(person)).toHaveLength(2);
  });

  it('with a renewal that the PSP never answered: it is ended, and not asked for again', async () => {
    const { id, person } = await of.active();
    const down = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
    await of.passPeriod(id);
    await attempted(world, `subscription/${id}`, 2);
    expect(await of.ask(id, { do: 'cancel' })).toMatchObject({ done: {} });
    await of.lastAttempt(id, ({ endRequestedAt }) => endRequestedAt !== null);
    // The call that would charge is over, and the PSP is told to end what it may have made.
    await eventually(async () => {
      const { raw } = await world.temporal.workflow.getHandle(`subscription/${id}`).describe();
      const calls = (raw.pendingActivities ?? []).map((call) => [call.activityType?.name, call.attempt! > 1]);
      expect(calls).toEqual([['endAttempt', true]]);
    });
    world.psp.control.clearFaults(down);
    await of.callsArrived(id);
    await of.became(id, 'canceled');
    await world.finished(`subscription/${id}`);
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'void']);
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('that is taken back too late: the period is over, whether or not the timer has fired', async () => {
    const { id, person } = await of.active();
    await of.ask(id, { do: 'cancel' });
    await of.rests(id);
    // Its timer is for the period's end, which is further off on the machine's clock: the workflow has not noticed.
    const { currentPeriodEnd } = await of.row(id);
    await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 1);
    expect((await of.row(id)).status).toBe('canceling');
    expect(await maySell(person)).toBe(false);
    expect(await of.answered(id, { do: 'reactivate' })).toMatchObject({
      refused: { code: 'not_reactivatable' },
    });
    // And once it has.
    await of.pass(id, 0);
    expect(await of.became(id, 'canceled')).toMatchObject({ endReason: 'asked' });
    await world.finished(`subscription/${id}`);
    expect(await of.invoicesOf(id)).toHaveLength(1);
    expect(paymentsOf(person)).toHaveLength(1);
  });

  it('that is taken back once its own timer has fired: not_reactivatable', async () => {
    const { id } = await of.active();
    await of.ask(id, { do: 'cancel' });
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    // So much is left on the timer that is set now, and nothing else wakes it.
    await of.pass(id, currentPeriodEnd!.getTime() - Date.now() - 1_500);
    await of.became(id, 'canceled');
    expect(await of.answered(id, { do: 'reactivate' })).toMatchObject({
      refused: { code: 'not_reactivatable' },
    });
    await world.finished(`subscription/${id}`);
  });

  it('that is taken back in the last minute: the timer of its end is nothing any more, and it renews', async () => {
    const { id } = await of.active();
    await of.ask(id, { do: 'cancel' });
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    await of.pass(id, currentPeriodEnd!.getTime() - Date.now() - 60_000);
    await of.rests(id);
    expect(await of.answered(id, { do: 'reactivate' })).toMatchObject({ done: { subscriptionId: id } });
    await of.passPeriod(id);
    expect((await of.paid(id, 2)).status).toBe('active');
  });

  it('at the last second: the renewal that is due already is not made', async () => {
    const { id, person } = await of.active();
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    // The period is over, and the jitter is not: nothing was asked.
    await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 1);
    expect(await of.ask(id, { do: 'cancel' })).toMatchObject({ done: {} });
    await of.became(id, 'canceled');
    await world.finished(`subscription/${id}`);
    expect(paymentsOf(person)).toHaveLength(1);
  });
});

describe('a trial', () => {
  it('without a card expires at its end', async () => {
    const { done } = await of.subscribed(await makePerson(world, 'user'), { planId: 'premium', trial: true });
    await of.rests(done.subscriptionId);
    await of.pass(done.subscriptionId, 14 * DAY_MS + 1);
    const ended = await of.became(done.subscriptionId, 'expired');
    expect(ended.endReason).toBe('trial_without_card');
    await world.finished(`subscription/${done.subscriptionId}`);
  });

  it('twice, after deletion of the account, and with a +tag: trial_already_used; another address has one', async () => {
    const { sql } = world.database;
    const name = uuidv7();
    const person = async (email: string) => {
      const made = await makePerson(world, 'user');
      await sql`UPDATE users SET email = ${email} WHERE id = ${made.id}`;
      return made;
    };
    const ask = { plan_id: 'premium', trial: true };
    const told = async (who: Person) => {
      const { status, body } = await world.post(who, '/subscriptions/subscribe', ask);
      return status === 201 ? 'begun' : body['code'];
    };
    const first = await person(`${name}@example.com`);
    expect(await told(first)).toBe('begun');
    const { id } = await of.ofPerson(first);
    expect((await world.post(first, '/subscriptions/cancel')).status).toBe(200);
    await of.pass(id, 14 * DAY_MS + 1);
    await of.became(id, 'canceled');
    await world.finished(`subscription/${id}`);
    expect(await told(first)).toBe('trial_already_used');
    expect(await told(await person(`${name.toUpperCase()}+again@Example.com`))).toBe('trial_already_used');
    // Deleting the account leaves the use of its trial.
    await sql`DELETE FROM subscriptions WHERE user_id = ${first.id}`;
    await sql`DELETE FROM mails WHERE user_id = ${first.id}`;
    await sql`DELETE FROM sessions WHERE user_id = ${first.id}`;
    await sql`DELETE FROM person_keys WHERE user_id = ${first.id}`;
    await sql`DELETE FROM users WHERE id = ${first.id}`;
    expect(await told(await person(`${name}@example.com`))).toBe('trial_already_used');
    expect(await told(await person(`other-${name}@example.com`))).toBe('begun');
  });

  it('same card: the second trial that it is added to ends, and is not charged', async () => {
    world.psp.control.setFingerprints(true);
    const trials = [];
    for (const name of ['first', 'second']) {
      const person = await makePerson(world, 'user');
      const { done } = await of.subscribed(person, { planId: 'premium', trial: true });
      const { status, body } = await world.post(person, '/subscriptions/payment-method');
      expect(status, name).toBe(201);
      world.psp.control.pay(body.payment!.payment_id, { card: '5555555555554444' });
      trials.push({ person, id: done.subscriptionId });
      await until(
        () => of.row(done.subscriptionId),
        ({ paymentMethodId, status: now }) => paymentMethodId !== null || now === 'expired',
      );
    }
    const [first, second] = trials;
    expect(await of.row(first!.id)).toMatchObject({ status: 'trialing' });
    expect(await of.row(second!.id)).toMatchObject({ status: 'expired', endReason: 'trial_used' });
    await world.finished(`subscription/${second!.id}`);
    expect(await of.mailsOf(second!.person)).toEqual(['trial_started', 'trial_over']);
    expect(await maySell(second!.person)).toBe(false);
    const again = await world.post(second!.person, '/subscriptions/subscribe', {
      plan_id: 'premium',
      trial: true,
    });
    expect(again.body['code']).toBe('trial_already_used');
    expect(await of.invoicesOf(second!.id)).toEqual([]);
  });

  it('with a card is reminded of and not charged before its end', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person, { planId: 'premium', trial: true });
    const id = done.subscriptionId;
    const setup = await of.ask(id, { do: 'payment_method' });
    world.psp.control.pay('done' in setup ? setup.done.setupId! : '');
    await until(
      () => of.row(id),
      (row) => row.paymentMethodId !== null,
    );
    await of.pass(id, 13 * DAY_MS);
    await eventually(async () => expect(await of.mailsOf(person)).toEqual(['trial_started', 'trial_ending']));
    await of.rests(id);
    expect(await of.invoicesOf(id)).toEqual([]);
    await of.pass(id, DAY_MS);
    await of.became(id, 'active');
    const row = await of.row(id);
    expect(row).toMatchObject({ anchorAt: row.trialEnd, currentPeriodStart: row.trialEnd });
    expect((await of.invoicesOf(id)).map(({ reason, amountMinor }) => [reason, amountMinor])).toEqual([
      ['trial_end', 1999],
    ]);
  });
});
