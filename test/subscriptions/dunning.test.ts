import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cardSetups } from '../../db/subscriptions/schema.ts';
import { featuresOf } from '../../db/subscriptions/index.ts';
import { queryAt, WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { installMovedClock } from '../harness/moved-clock.ts';
import { openFlags } from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';
import { TERMS } from './verbs.ts';

/** Is kept, the first payment passes, and every charge without the buyer is declined. */
const DECLINES_LATER = '4000000000000341';

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create({ prepare: installMovedClock });
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const maySell = async ({ id }: Person) =>
  (await featuresOf(world.database.db, id, TERMS)).canSellOnMarketplace;
const chargesOf = ({ id }: Person) =>
  world.psp.control
    .payments()
    .filter((payment) => payment.customer_id === id && payment.off_session === true);

const isOf = (body: unknown, paymentId: string) =>
  (body as { payment_id?: string } | null)?.payment_id === paymentId;

const isOnly = (faults: readonly string[], kind: string) =>
  faults.length > 0 && faults.every((one) => one === kind);

/** Its renewal was refused. */
async function pastDue(declineCode = 'insufficient_funds', beyondMs?: number) {
  const story = await of.active();
  const { paymentMethodId } = await of.row(story.id);
  const method = await of.providerCard(paymentMethodId!);
  world.psp.control.setMethod(method, { charges: { declineCode } });
  await of.passPeriod(story.id, beyondMs);
  const row = await of.became(story.id, 'past_due');
  return { ...story, method, row };
}

describe('dunning', () => {
  it('the list of what is unpaid for a day has it a day after its refusal, whatever the schedule is', async () => {
    const { id, row, method } = await pastDue();
    const workflowId = `subscription/${id}`;
    const list = WORKFLOW_LISTS.find(({ key }) => key === 'subscriptions-unpaid-for-a-day')!;
    const isListedAt = async (now: Date) => {
      const query = `${queryAt(list, now)} AND WorkflowId = "${workflowId}"`;
      return (await world.temporal.workflow.count(query)).count > 0;
    };
    const refusedAt = row.dunningSince!.getTime();
    await until(
      () => isListedAt(new Date(Date.now() + DAY_MS)),
      (isListed) => isListed,
    );
    expect(await isListedAt(new Date(refusedAt + DAY_MS - 60_000))).toBe(false);
    world.psp.control.setMethod(method, { charges: 'succeed' });
    await of.pass(id, DAY_MS);
    await of.became(id, 'active');
    await until(
      () => isListedAt(new Date(Date.now() + DAY_MS)),
      (isListed) => !isListed,
    );
  });

  it('a refusal closes access at once, and the schedule charges again', async () => {
    const { id, person, method } = await pastDue();
    expect(await maySell(person)).toBe(false);
    await of.rests(id);
    await of.pass(id, DAY_MS);
    await of.lastAttempt(id, (last) => last.attempt === 2 && last.status === 'failed');
    await of.rests(id);
    world.psp.control.setMethod(method, { charges: 'succeed' });
    await of.pass(id, 2 * DAY_MS);
    const recovered = await of.became(id, 'active');
    // Days without access are not sold: the payment is the new anchor.
    expect(Math.abs(recovered.anchorAt!.getTime() - Date.now())).toBeLessThan(60_000);
    expect(await maySell(person)).toBe(true);
    expect(await of.mailsOf(person)).toEqual([
      'invoice_receipt',
      'subscription_started',
      'payment_failed',
      'payment_failed',
      'payment_failed',
      'invoice_receipt',
      'subscription_recovered',
    ]);
  });

  it('is over after its last step: expired, and no later charge', async () => {
    const { id, person } = await pastDue();
    for (const [step, days] of [1, 2, 2].entries()) {
      await of.pass(id, days * DAY_MS);
      await of.lastAttempt(id, (last) => last.attempt === step + 2 && last.status === 'failed');
    }
    const ended = await of.became(id, 'expired');
    expect(ended.endReason).toBe('dunning_over');
    await world.finished(`subscription/${id}`);
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'void']);
    const charges = chargesOf(person).length;
    expect(charges).toBe(4);
    await of.pass(id, 30 * DAY_MS);
    await world.finished(`subscription/${id}`);
    expect(chargesOf(person)).toHaveLength(charges);
  });

  it('failed, retried, both succeed: one given back', async () => {
    const { id, person, method } = await pastDue();
    const [first] = (await of.attemptsOf(id)).slice(-1);
    world.psp.control.setMethod(method, { charges: 'succeed' });
    await of.rests(id);
    await of.pass(id, DAY_MS);
    await of.became(id, 'active');
    // The PSP's later word: the first attempt was paid after all.
    world.psp.control.pay(first!.id);
    const [refund] = await until(
      async () => world.psp.control.refunds(first!.id),
      (made) => made.length > 0,
    );
    await world.finished(`refund/${refund!.refund_id}`);
    const invoice = (await of.invoicesOf(id)).at(-1)!;
    expect(await openFlags(world, 'double_payment', `invoice/${invoice.id}`)).toHaveLength(1);
    expect(invoice.status).toBe('paid');
    expect(await maySell(person)).toBe(true);
  });

  it('a `final` decline is not charged again', async () => {
    const { id, person } = await pastDue('lost_card');
    for (const days of [1, 2, 2]) {
      await of.rests(id);
      await of.pass(id, days * DAY_MS);
    }
    await of.became(id, 'expired');
    expect(chargesOf(person)).toHaveLength(1);
    expect((await of.mailsOf(person)).filter((kind) => kind === 'payment_failed')).toHaveLength(4);
  });

  it('a card added when past due is charged at once: new anchor', async () => {
    const { id, person } = await pastDue('lost_card');
    const setup = await of.ask(id, { do: 'payment_method' });
    world.psp.control.pay('done' in setup ? setup.done.setupId! : '', { card: '5555555555554444' });
    const recovered = await of.became(id, 'active');
    expect(Math.abs(recovered.anchorAt!.getTime() - Date.now())).toBeLessThan(60_000);
    expect(chargesOf(person)).toHaveLength(2);
    expect(await maySell(person)).toBe(true);
  });

  it('a card added by a set-up payment whose first card was declined is charged at once', async () => {
    const { id, person } = await pastDue('lost_card');
    const setup = await of.ask(id, { do: 'payment_method' });
    const setupId = 'done' in setup ? setup.done.setupId! : '';
    world.psp.control.fail(setupId, 'Your card number is incorrect.', { mayRetry: true });
    await world.psp.control.idle();
    await of.rests(id);
    const { db } = world.database;
    const [open] = await db.select().from(cardSetups).where(eq(cardSetups.id, setupId));
    expect(open).toMatchObject({ endedAt: null });
    expect(open!.clientSecret).not.toBeNull();
    world.psp.control.pay(setupId, { card: '5555555555554444' });
    await of.became(id, 'active');
    expect(chargesOf(person)).toHaveLength(2);
  });

  it('a card can be given while the PSP answers no charge', async () => {
    const { id, person } = await of.active();
    const where = { customer_id: person.id, off_session: true };
    const fault = { kind: 'status', status: 503, match: 'payments.create', where, times: 'always' } as const;
    const silent = world.psp.control.addFault(fault);
    await of.passPeriod(id);
    await of.lastAttempt(id, (last) => last.askedAt !== null && last.providerStatus === null);
    for (const card of ['5555555555554444', '4242424242424242']) {
      const setup = await of.ask(id, { do: 'payment_method' });
      expect(setup).toMatchObject({ psp: { kind: 'answered' } });
      const setupId = 'done' in setup ? setup.done.setupId! : '';
      world.psp.control.pay(setupId, { card });
      await until(
        () => world.database.db.select().from(cardSetups).where(eq(cardSetups.id, setupId)),
        ([row]) => row?.endedAt !== null,
      );
    }
    world.psp.control.clearFaults(silent);
    await of.paid(id, 2);
    expect(chargesOf(person)).toHaveLength(1);
  });

  it('a cancellation in it voids the invoice at once; what still succeeds is given back', async () => {
    const { id, person } = await pastDue();
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing', endsAs: 'succeeded' });
    await of.rests(id);
    await of.pass(id, DAY_MS);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    await of.ask(id, { do: 'cancel' });
    await of.became(id, 'canceled');
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'void']);
    const late = attempts.at(-1)!.id;
    world.psp.control.settleCharge(late);
    const [refund] = await until(
      async () => world.psp.control.refunds(late),
      (made) => made.length > 0,
    );
    await world.finished(`refund/${refund!.refund_id}`);
    expect((await of.row(id)).status).toBe('canceled');
    await world.finished(`subscription/${id}`);
  });

  it.each([
    ['the PSP flaps for an hour', { ahead: false }],
    ["a worker's clock is ahead", { ahead: true }],
  ])('a cancellation while the PSP is being asked, and %s: the call still counts', async (_, { ahead }) => {
    const { sql } = world.database;
    try {
      // What the worker's clock is ahead of, the database's clock is behind.
      if (ahead) await sql`UPDATE moved.clock SET ahead_ms = -600000`;
      const { id, person, method } = await pastDue('insufficient_funds', 30 * 60_000);
      world.psp.control.setMethod(method, { charges: 'succeed' });
      await of.rests(id);
      const flap = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
      await of.pass(id, DAY_MS);
      const asked = await of.lastAttempt(id, ({ attempt, askedAt }) => attempt === 2 && askedAt !== null);
      const attemptId = asked.at(-1)!.id;
      if (!ahead)
        await sql`UPDATE invoice_payments SET asked_at = asked_at - interval '1 hour' WHERE id = ${attemptId}`;
      const slow = of.onCharges(person, { kind: 'latency', delayMs: 6_000, times: 'always' });
      world.psp.control.clearFaults(flap);
      // It is on its way, and makes no payment for six seconds.
      await until(
        async () => world.psp.control.requests('payments.create'),
        (all) =>
          all.some(
            (one) => one.outcome === 'open' && isOf(one.body, attemptId) && isOnly(one.faults, 'latency'),
          ),
      );
      world.psp.control.clearFaults(slow);
      await of.ask(id, { do: 'cancel' });
      await of.became(id, 'canceled');
      // It ends once no attempt is under way.
      await world.finished(`subscription/${id}`);
      const last = (await of.attemptsOf(id)).at(-1)!;
      expect(last).toMatchObject({ id: attemptId, errorMessage: null });
      expect(['succeeded', 'given_back']).toContain(last.status);
      await of.lastAttempt(id, ({ status }) => status === 'given_back');
    } finally {
      await sql`UPDATE moved.clock SET ahead_ms = 0`;
    }
  });

  it('a charge whose payment cannot be read holds up nothing else, is flagged, and is asked about again', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing', endsAs: 'failed' });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    const unread = attempts.at(-1)!.id;
    const match = new RegExp(`GET /payments/${unread}.*`);
    const fault = world.psp.control.addFault({ kind: 'status', status: 422, match, times: 'always' });
    world.psp.control.settleCharge(unread);
    await until(
      () => openFlags(world, 'renewal_unanswered', `subscription/${id}`),
      (flags) => flags.length === 1,
    );
    const before = await of.row(id);
    const setup = await of.ask(id, { do: 'payment_method' });
    world.psp.control.pay('done' in setup ? setup.done.setupId! : '', { card: '5555555555554444' });
    await until(
      () => of.row(id),
      (row) => row.paymentMethodId !== before.paymentMethodId,
    );
    expect((await of.attemptsOf(id)).at(-1)).toMatchObject({ id: unread, status: 'pending' });
    world.psp.control.clearFaults(fault);
    await world.engine.retrySubscription(await of.label(id));
    await of.became(id, 'past_due');
  });

  it('the bank wants the buyer: ended at the PSP, refused for good, and paid in person', async () => {
    const story = await of.active();
    const { id, person } = story;
    const { paymentMethodId } = await of.row(id);
    world.psp.control.setMethod(await of.providerCard(paymentMethodId!), { charges: 'want_buyer' });
    await of.passPeriod(id);
    await of.became(id, 'past_due');
    const [refused] = (await of.attemptsOf(id)).slice(-1);
    expect(refused).toMatchObject({ declineCode: 'requires_customer_action', declineClass: 'final' });
    expect(world.psp.control.payment(refused!.id).status).toBe('cancelled');
    expect(await of.mailsOf(person)).toContain('bank_wants_you');
    const paying = await of.ask(id, { do: 'pay' });
    expect(paying).toMatchObject({ psp: { kind: 'answered' } });
    world.psp.control.pay('done' in paying ? paying.done.attemptId! : '');
    await of.became(id, 'active');
    expect(chargesOf(person)).toHaveLength(1);
  });

  it('the bank wants the buyer of a charge that was processed: ended as soon as its webhook says so', async () => {
    const { id, person } = await of.active();
    of.onCharges(person, {
      kind: 'chargeOutcome',
      outcome: 'processing',
      endsAs: 'requires_customer_action',
    });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    world.psp.control.settleCharge(attempts.at(-1)!.id);
    await of.became(id, 'past_due');
    const [refused] = (await of.attemptsOf(id)).slice(-1);
    expect(refused).toMatchObject({ declineCode: 'requires_customer_action', declineClass: 'final' });
    expect(world.psp.control.payment(refused!.id).status).toBe('cancelled');
    expect(await of.mailsOf(person)).toContain('bank_wants_you');
  });

  it('a card that is declined from the first renewal on goes the same way', async () => {
    const { id } = await of.active({ card: DECLINES_LATER });
    await of.passPeriod(id);
    await of.became(id, 'past_due');
    const [refused] = (await of.attemptsOf(id)).slice(-1);
    expect(refused).toMatchObject({
      status: 'failed',
      declineCode: 'generic_decline',
      declineClass: 'retry',
    });
  });
});
