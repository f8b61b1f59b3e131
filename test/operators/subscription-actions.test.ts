import { v7 as uuidv7 } from 'uuid';
import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refunds, settleDispute } from '../../db/marketplace/index.ts';
import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import { expectCleanBooks, posted } from '../harness/books.ts';
import { runOpsHere } from '../harness/processes.ts';
import { auditLogOf, flagsOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import type { Person, World } from '../harness/world.ts';
import { subscriptionsOf, type Wish } from '../subscriptions/story.ts';
import { approveAs, awaited, codeOf, openOffice, operationsOf } from './support.ts';

let world: World;
let admin: Person;
let second: Person;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  ({ world, first: admin, second } = await openOffice({ FOUR_EYES_ABOVE_MINOR: '15000' }));
  of = subscriptionsOf(world);
});
afterAll(() => world.close());

const act = (action: string, subject: string, more: object = {}) =>
  world.post(admin, '/admin/actions', { action, subject, reason: 'the test wants it', ...more });
const actionsOn = async (subject: string) => {
  const { body } = await world.get(admin, `/admin/story?subject=${subject}`);
  const row = body['story']!['rows'].find((one) => one['subject'] === subject);
  return (row!['actions'] as { action: string }[]).map(({ action }) => action);
};
const acted = (answer: Awaited<ReturnType<typeof act>>) => {
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body['done']!;
};

/** Its renewal was refused, and the next step of dunning is a day away. */
async function pastDue(card: string = TEST_CARDS.declinesLater) {
  const subscribed = await of.active({ card });
  await of.passPeriod(subscribed.id);
  await of.became(subscribed.id, 'past_due');
  await of.rests(subscribed.id);
  const renewal = (await of.invoicesOf(subscribed.id)).find(({ status }) => status === 'open')!;
  return { ...subscribed, renewalId: renewal.id };
}

/** From now on the bank takes charges of the card on file. */
async function bankSaysYes(subscriptionId: string) {
  const { database, psp } = world;
  const [card] = await database.sql<{ id: string }[]>`
    SELECT method.provider_payment_method_id AS id FROM subscriptions AS one
      JOIN payment_methods AS method ON method.id = one.payment_method_id WHERE one.id = ${subscriptionId}`;
  psp.control.setMethod(card!.id, { charges: 'succeed' });
}

describe('charge_now', () => {
  it('charges what is past due before its time, and the subscription goes on', async () => {
    const { id, renewalId } = await pastDue();
    expect(await actionsOn(`invoice/${renewalId}`)).toEqual(['charge_now', 'void_invoice']);
    await bankSaysYes(id);
    expect(acted(await act('charge_now', `invoice/${renewalId}`))).toMatchObject({
      now: { subject: `invoice/${renewalId}`, status: 'open' },
    });
    const row = await of.became(id, 'active');
    expect(row).toMatchObject({ dunningSince: null, dunningIndex: 0 });
    const statuses = (await of.attemptsOf(id)).map(({ status }) => status);
    expect(statuses).toEqual(['succeeded', 'failed', 'succeeded']);
    expect(world.psp.control.payments().filter(({ payment_id: paid }) => paid === renewalId)).toHaveLength(1);
  });

  it('a payment under way is asked about, and no other is made', async () => {
    const { id } = await of.active();
    world.psp.control.setChargeMode('processing');
    try {
      await of.passPeriod(id);
      const [, charge] = await of.lastAttempt(
        id,
        ({ attempt, providerStatus }) => attempt === 1 && providerStatus === 'processing',
      );
      const subject = `invoice/${charge!.invoiceId}`;
      expect(await actionsOn(subject)).toEqual(['retry', 'void_invoice']);
      const { note } = acted(await act('charge_now', subject));
      expect(note).toContain('no other is made');
      expect(await of.attemptsOf(id)).toHaveLength(2);
      world.psp.control.settleCharge(charge!.id);
      await until(
        () => of.invoicesOf(id),
        (rows) => rows.every(({ status }) => status === 'paid'),
      );
    } finally {
      world.psp.control.setChargeMode('sync');
    }
  });
});

describe('end_now and void_invoice', () => {
  it('end_now: it expires, its workflow ends, and no later charge is made', async () => {
    const { id, renewalId, person } = await pastDue();
    expect(await actionsOn(`subscription/${id}`)).toEqual(['retry', 'move_price', 'end_now']);
    expect(acted(await act('end_now', `subscription/${id}`))).toMatchObject({ now: { status: 'expired' } });
    await world.finished(`subscription/${id}`);
    expect((await of.invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'void']);
    await of.pass(id, 10 * 24 * 60 * 60 * 1000);
    expect((await of.attemptsOf(id)).filter(({ invoiceId }) => invoiceId === renewalId)).toHaveLength(1);
    expect(await of.mailsOf(person)).toContain('subscription_expired');
    expect(codeOf(await act('end_now', `subscription/${id}`))).toEqual([409, 'not_cancellable']);
    const { body } = await world.get(admin, `/admin/story?subject=subscription/${id}`);
    const texts = body['story']!['events'].map(({ text }) => text);
    expect(texts).toContain('It ended: an operator ended it.');
    expect(texts).toContain('subscription.end_now: the test wants it');
  });

  it('void_invoice: a payment under way is ended at the PSP', async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person);
    expect(acted(await act('void_invoice', `invoice/${done.invoiceId!}`))).toMatchObject({
      now: { status: 'void' },
    });
    await of.lastAttempt(done.subscriptionId, ({ status }) => status === 'failed');
    expect(await of.row(done.subscriptionId)).toMatchObject({
      status: 'expired',
      endReason: 'ended_by_operator',
    });
    await world.finished(`subscription/${done.subscriptionId}`);
    expect(world.psp.control.payment(done.attemptId!).status).toBe('cancelled');
  });

  it('a preview says what will happen, and changes nothing', async () => {
    const { id, renewalId } = await pastDue();
    const preview = await world.get(
      admin,
      `/admin/actions/preview?action=void_invoice&subject=invoice/${renewalId}`,
    );
    expect(preview.status, JSON.stringify(preview.body)).toBe(200);
    expect(preview.body['preview']).toMatchObject({
      amount: 999,
      currency: 'USD',
      status_now: 'open',
      refusal: null,
    });
    expect(preview.body['preview']!['effect']).toContain('ends now');
    expect((await of.row(id)).status).toBe('past_due');
  });
});

describe('retry', () => {
  it('workflow terminated: found overdue, and all that is overdue is brought back at once', async () => {
    const both = [await of.active(), await of.active()];
    for (const { id } of both) {
      await of.rests(id);
      await world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the test wants it');
      const { currentPeriodEnd } = await of.row(id);
      await of.age(id, currentPeriodEnd!.getTime() - Date.now() + 30 * 60_000);
    }
    const filter = { action: 'retry', stuck: { kinds: ['subscription'] } };
    const preview = await world.post(admin, '/admin/bulk/preview', filter);
    expect(preview.status, JSON.stringify(preview.body)).toBe(200);
    const { fingerprint, rows } = preview.body['preview']!;
    expect(rows.map(({ subject }) => subject).toSorted()).toEqual(
      both.map(({ id }) => `subscription/${id}`).toSorted(),
    );
    const done = await world.post(admin, '/admin/bulk', {
      ...filter,
      fingerprint,
      reason: 'they were terminated',
    });
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    for (const { id } of both) {
      const invoices = await until(
        () => of.invoicesOf(id),
        (all) => all.length === 2 && all.every(({ status }) => status === 'paid'),
      );
      expect(invoices.map(({ amountMinor }) => amountMinor)).toEqual([999, 999]);
    }
  });
});

describe('move_price', () => {
  it('price raised: renews as before within the notice, and at the new price after it', async () => {
    const { sql } = world.database;
    const { id, person } = await of.active({ planId: 'premium' });
    const late = await of.active({ planId: 'premium' });
    await sql`UPDATE plan_prices SET valid_until = now() WHERE plan_id = 'premium' AND billing_cycle = 'monthly'`;
    await sql`
      INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
      VALUES ('01998000-0000-7000-8000-0000000000f4', 'premium', 'monthly', 2499, 'USD', now())`;
    // Its period ends within the 30 days after its mail.
    await of.age(id, 5 * 24 * 60 * 60 * 1000);
    acted(await act('move_price', `subscription/${id}`));
    expect(await of.mailsOf(person)).toContain('price_moves');
    expect(codeOf(await act('move_price', `subscription/${id}`))).toEqual([400, 'nothing_to_change']);
    const amounts = async (count: number, subscriptionId = id) => {
      await of.passPeriod(subscriptionId);
      const rows = await until(
        () => of.invoicesOf(subscriptionId),
        (all) => all.length === count && all.every(({ status }) => status === 'paid'),
      );
      await of.rests(subscriptionId);
      return rows.map(({ amountMinor }) => amountMinor);
    };
    expect(await amounts(2)).toEqual([1999, 1999]);
    expect(await amounts(3)).toEqual([1999, 1999, 2499]);
    expect(await amounts(2, late.id)).toEqual([1999, 1999]);
  });
});

describe('give_back', () => {
  afterEach(() => {
    world.psp.control.setRefundMode('auto');
    world.psp.control.clearFaults();
  });
  const refundsOf = (invoiceId: string) =>
    world.database.db
      .select()
      .from(refunds)
      .where(eq(refunds.invoiceId, invoiceId))
      .orderBy(asc(refunds.createdAt), asc(refunds.id));
  const refuse = () =>
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'The card is closed.' });
  const isFailed = async (refundId: string) => {
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
  };

  /** Another amount came than the invoice's, and the PSP did not give it back. */
  async function held(wish: Wish = {}, receivedMinor = 500) {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person, wish);
    const invoiceId = done.invoiceId!;
    refuse();
    world.psp.control.pay(invoiceId, { amountReceivedMinor: receivedMinor });
    const [refund] = await until(
      () => refundsOf(invoiceId),
      (rows) => rows.length > 0,
    );
    await isFailed(refund!.id);
    return { id: done.subscriptionId, invoiceId, refundId: refund!.id };
  }
  const suspense = (invoiceId: string) => posted(world, invoiceId, 'suspense:invoice');
  const giveBack = (refundId: string) =>
    world.post(admin, `/admin/refunds/${refundId}/give-back`, { reason: 'they have another card' });

  it('gives back again what no invoice took, after that failed: once, and its flag ends when the money went back', async () => {
    const { invoiceId, refundId } = await held();
    const subject = `refund/${refundId}`;
    expect(await suspense(invoiceId)).toBe(-500);
    expect(await flagsOf(world, subject)).toEqual(['give_back_failed']);
    expect(await actionsOn(subject)).toEqual(['give_back']);
    const { body } = await world.get(admin, '/admin/stuck?kind=flag');
    expect(body['data']!.find((row) => row['subject'] === subject)!['actions']).toContainEqual(
      expect.objectContaining({ action: 'give_back', subject }),
    );
    const preview = await world.get(admin, `/admin/actions/preview?action=give_back&subject=${subject}`);
    expect(preview.body['preview']).toMatchObject({ amount: 500, currency: 'USD', refusal: null });

    world.psp.control.setRefundMode('manual');
    const key = { 'idempotency-key': uuidv7() };
    const ask = () =>
      world.post(admin, `/admin/refunds/${refundId}/give-back`, { reason: 'they have another card' }, key);
    const answer = await ask();
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const again = answer.body['refund']!['id'] as string;
    expect((await ask()).body).toEqual(answer.body);
    expect(codeOf(await giveBack(refundId))).toEqual([400, 'refund_already_requested']);
    expect(await actionsOn(subject)).toEqual([]);
    expect(await flagsOf(world, subject)).toEqual(['give_back_failed']);
    expect(await suspense(invoiceId)).toBe(-500);
    await until(
      async () => world.psp.control.refunds(invoiceId),
      (made) => made.some(({ refund_id: known }) => known === again),
    );
    world.psp.control.setRefundMode('auto');
    world.psp.control.settleRefund(again, 'succeeded');
    expect(await world.finished(`refund/${again}`)).toEqual({ status: 'succeeded' });

    expect(await flagsOf(world, subject)).toEqual([]);
    expect(await suspense(invoiceId)).toBe(0);
    expect(await posted(world, invoiceId, 'cash:psp')).toBe(0);
    expect(await refundsOf(invoiceId)).toMatchObject([
      { status: 'failed', amountMinor: 500 },
      { id: again, status: 'succeeded', amountMinor: 500, kind: 'payment_returned', paymentId: invoiceId },
    ]);
    expect(codeOf(await giveBack(refundId))).toEqual([400, 'invoice_not_refundable']);
    expect(await auditLogOf(world, `invoice/${invoiceId}`)).toMatchObject([
      { action: 'invoice.give_back', actor: admin.id, reason: 'they have another card' },
    ]);
    await expectCleanBooks(world);
  });

  it('that fails once more leaves one flag, on the last, by which it is given back from the command line', async () => {
    const { invoiceId, refundId } = await held({}, 700);
    refuse();
    const again = (await giveBack(refundId)).body['refund']!['id'] as string;
    await isFailed(again);
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual([]);
    expect(await flagsOf(world, `refund/${again}`)).toEqual(['give_back_failed']);
    expect(await suspense(invoiceId)).toBe(-700);
    const args = ['resolve', again, '--as', 'give_back', '--reason', 'a third time', '--json'];
    const done = await runOpsHere(args, { ...world.env, OPS_ACTOR: admin.id });
    expect([done.code, done.stderr]).toEqual([0, '']);
    const { now } = (JSON.parse(done.stdout) as { done: { now: { subject: string } } }).done;
    expect(await world.finished(now.subject)).toEqual({ status: 'succeeded' });
    expect(await flagsOf(world, `refund/${again}`)).toEqual([]);
    expect(await suspense(invoiceId)).toBe(0);
    await expectCleanBooks(world);
  });

  it('waits for a second admin above the limit', async () => {
    const { invoiceId, refundId } = await held({ planId: 'premium', billingCycle: 'yearly' }, 19_000);
    const approval = awaited(await giveBack(refundId));
    expect(await refundsOf(invoiceId)).toHaveLength(1);
    const approved = await approveAs(world, second, approval);
    expect(approved.status, JSON.stringify(approved.body)).toBe(200);
    const [, again] = await until(
      () => refundsOf(invoiceId),
      (rows) => rows[1]?.status === 'succeeded',
    );
    await world.finished(`refund/${again!.id}`);
    expect(await suspense(invoiceId)).toBe(0);
  });

  it('says what is wrong: unknown, of money that was taken, disputed', async () => {
    expect(codeOf(await giveBack('00000000-0000-4000-8000-00000000dead'))).toEqual([404, 'refund_not_found']);
    const { invoiceId } = await of.active();
    const refunded = await world.post(admin, `/admin/invoices/${invoiceId}/refund`, {
      reason: 'x',
      amount: 1,
    });
    const refundId = refunded.body['refund']!['id'] as string;
    await world.finished(`refund/${refundId}`);
    expect(codeOf(await giveBack(refundId))).toEqual([400, 'invoice_not_refundable']);
    const other = await held({}, 800);
    const purchase = { kind: 'invoice', id: other.invoiceId, paymentId: other.invoiceId } as const;
    const news = { providerDisputeId: `dp_${other.invoiceId}`, amountMinor: 800, currency: 'USD' };
    const { db } = world.database;
    const { purchases } = operationsOf(world).settings;
    await settleDispute(db, purchase, { ...news, status: 'open' }, purchases);
    expect(codeOf(await giveBack(other.refundId))).toEqual([400, 'invoice_disputed']);
    await settleDispute(db, purchase, { ...news, status: 'lost' }, purchases);
    expect(codeOf(await giveBack(other.refundId))).toEqual([400, 'invoice_not_refundable']);
    expect(await flagsOf(world, `refund/${other.refundId}`)).toEqual([]);
    await expectCleanBooks(world);
  });
});

describe('refund_invoice', () => {
  const refund = (invoiceId: string, body: object) =>
    world.post(admin, `/admin/invoices/${invoiceId}/refund`, { reason: 'promised', ...body });

  it('refund partial: access and renewals go on', async () => {
    const { id, invoiceId } = await of.active();
    const answer = await refund(invoiceId, { amount: 400 });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    expect(answer.body['refund']).toMatchObject({
      invoice_id: invoiceId,
      order_id: null,
      amount: 400,
      status: 'pending',
    });
    await until(
      () => of.invoicesOf(id),
      ([invoice]) => invoice!.status === 'partially_refunded',
    );
    expect(await of.row(id)).toMatchObject({ status: 'active' });
    expect(await actionsOn(`invoice/${invoiceId}`)).toEqual(['refund_invoice']);
    const { body } = await world.get(admin, `/admin/story?subject=refund/${answer.body['refund']!['id']}`);
    const texts = body['story']!['events'].map(({ text }) => text);
    expect(texts).toContain('A refund was asked for: promised.');
    expect(texts.some((text) => text.startsWith('Credit note'))).toBe(true);
  });

  it('refund full: it expires once the refund succeeds; end_access does it with a part', async () => {
    const whole = await of.active();
    expect((await refund(whole.invoiceId, {})).status).toBe(202);
    expect(await of.became(whole.id, 'expired')).toMatchObject({ endReason: 'refunded' });
    const part = await of.active();
    expect((await refund(part.invoiceId, { amount: 1, end_access: true })).status).toBe(202);
    expect(await of.became(part.id, 'expired')).toMatchObject({ endReason: 'refunded' });
  });

  it('waits for a second admin above the limit', async () => {
    const { id, invoiceId } = await of.active({ planId: 'premium', billingCycle: 'yearly' });
    const approval = awaited(await refund(invoiceId, {}));
    expect((await of.row(id)).status).toBe('active');
    expect((await approveAs(world, second, approval)).status).toBe(200);
    await of.became(id, 'expired');
  });

  it('says what is wrong: unknown, not paid, too much, an unknown field', async () => {
    const { invoiceId } = await of.active();
    expect(codeOf(await refund('00000000-0000-4000-8000-00000000dead', {}))).toEqual([
      404,
      'invoice_not_found',
    ]);
    expect(codeOf(await refund(invoiceId, { amount: 1000 }))).toEqual([400, 'refund_amount_invalid']);
    expect(codeOf(await refund(invoiceId, { items: [] }))).toEqual([422, 'validation_failed']);
    const { renewalId } = await pastDue();
    expect(codeOf(await refund(renewalId, {}))).toEqual([400, 'invoice_not_refundable']);
    expect(
      codeOf(
        await act('refund_invoice', `invoice/${invoiceId}`, {
          items: ['00000000-0000-4000-8000-000000000001'],
        }),
      ),
    ).toEqual([422, 'validation_failed']);
    const buyer = await makePerson(world, 'user');
    expect((await world.post(buyer, `/admin/invoices/${invoiceId}/refund`, { reason: 'mine' })).status).toBe(
      403,
    );
  });
});
