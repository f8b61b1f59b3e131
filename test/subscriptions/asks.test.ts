import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, it } from 'vitest';
import { carryOutAsk } from '../../db/subscriptions/carry-out.ts';
import { cardSetups } from '../../db/subscriptions/schema.ts';
import { readAskResult } from '../../db/subscriptions/kept-ask.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { billingOn, codeOf, DAY_MS, TERMS } from './verbs.ts';

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

/** An invoice for the next period, whose charge stands as told. */
async function renewing(
  subscriptionId: string,
  { asked = true, status = 'pending', onSession = false } = {},
): Promise<string> {
  const id = uuidv7();
  const { priceId, userId, currentPeriodEnd, trialEnd } = await billing.subscription(subscriptionId);
  const start = (currentPeriodEnd ?? trialEnd)!;
  const period = [start, new Date(start.getTime() + 30 * DAY_MS)].map((at) => at.toISOString());
  await database.sql`INSERT INTO invoices (id, subscription_id, price_id, reason, amount_minor, currency, issued_to, created_at, period_start, period_end)
    VALUES (${id}, ${subscriptionId}, ${priceId}, 'renewal', 999, 'USD', ${JSON.stringify({ userId, email: 'x' })}::text::jsonb, now(), ${period[0]!}, ${period[1]!})`;
  await database.sql`INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, status, asked_at)
    VALUES (${id}, ${id}, 1, ${onSession}, 999, 'USD', ${status}, ${asked ? new Date().toISOString() : null})`;
  return id;
}

const trial = async () => {
  const userId = await billing.makePerson();
  return { userId, ...(await billing.opened(userId, 'premium', { trial: true })) };
};
const set = (subscriptionId: string, status: string) =>
  database.sql`UPDATE subscriptions SET status = ${status} WHERE id = ${subscriptionId}`;
const overSince = (subscriptionId: string, ms: number) => database.sql`
  UPDATE subscriptions SET current_period_start = now() - interval '31 days',
    current_period_end = now() - make_interval(secs => ${ms / 1000}) WHERE id = ${subscriptionId}`;
const cancel = (subscriptionId: string) => billing.ask(subscriptionId, { do: 'cancel' });
const reactivate = (subscriptionId: string) => billing.ask(subscriptionId, { do: 'reactivate' });

describe('cancelling', () => {
  it('active: canceling until the end of the period, and the person is told', async () => {
    const { subscriptionId, userId, end } = await billing.paid('creator');
    expect(await cancel(subscriptionId)).toEqual({ done: { subscriptionId } });
    const row = await billing.subscription(subscriptionId);
    expect(row).toMatchObject({
      status: 'canceling',
      cancelCause: 'person',
      currentPeriodEnd: end,
      endedAt: null,
    });
    expect(row.cancelRequestedAt).toBeInstanceOf(Date);
    expect(await billing.mailsOf(userId)).toContain('subscription_canceled');
    expect(codeOf(await cancel(subscriptionId))).toBe('not_cancellable');
  });

  it('trialing: stays so until the end of the trial', async () => {
    const { subscriptionId } = await trial();
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'trialing',
      cancelCause: 'person',
    });
    expect(codeOf(await cancel(subscriptionId))).toBe('not_cancellable');
  });

  it('pending_payment: at once, and its invoice is void', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId, invoiceId, attemptId } = await billing.opened(userId, 'creator');
    await database.sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${attemptId}`;
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'canceled',
      endReason: 'asked',
    });
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    const attempt = await billing.attempt(attemptId);
    expect([attempt.status, attempt.endRequestedAt instanceof Date]).toEqual(['pending', true]);
    expect((await billing.subscription(subscriptionId)).nextDueAt).toBeInstanceOf(Date);
  });

  it('in dunning: at once, and what is still charged is not wanted any more', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const invoiceId = await renewing(subscriptionId);
    await set(subscriptionId, 'past_due');
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'canceled',
      endReason: 'asked',
    });
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    expect((await billing.attempt(invoiceId)).endRequestedAt).toBeInstanceOf(Date);
  });

  it('with a renewal in flight: it goes on, and a success runs to its period’s end', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const invoiceId = await renewing(subscriptionId);
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'canceling' });
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'open' });
    expect(await billing.attempt(invoiceId)).toMatchObject({ status: 'pending', endRequestedAt: null });
  });

  it('before the charge was asked: it is prevented', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const invoiceId = await renewing(subscriptionId, { asked: false });
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    expect(await billing.attempt(invoiceId)).toMatchObject({ status: 'failed' });
  });

  it('at the last second, after the period and before its renewal: canceling, and nothing is charged', async () => {
    const { subscriptionId, invoiceId } = await billing.paid('creator');
    await overSince(subscriptionId, 1_000);
    await database.sql`UPDATE invoices SET period_end = now() - interval '1 second' WHERE id = ${invoiceId}`;
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'canceling' });
  });

  it('gives up a change that is being charged, and one that was scheduled', async () => {
    const up = await billing.paid('creator');
    const result = await billing.ask(up.subscriptionId, { do: 'change', planId: 'premium' });
    if (!('done' in result)) throw new Error(JSON.stringify(result));
    const { invoiceId, attemptId } = result.done as { invoiceId: string; attemptId: string };
    await database.sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${attemptId}`;
    await cancel(up.subscriptionId);
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    expect((await billing.attempt(attemptId)).endRequestedAt).toBeInstanceOf(Date);
    expect(await billing.changesOf(up.subscriptionId)).toMatchObject([{ status: 'failed' }]);
    // Whoever cancels knows that the change is off.
    expect(await billing.mailsOf(up.userId)).toEqual(['subscription_canceled']);

    const down = await billing.paid('premium');
    await billing.ask(down.subscriptionId, { do: 'change', planId: 'creator' });
    await cancel(down.subscriptionId);
    expect(await billing.changesOf(down.subscriptionId)).toMatchObject([{ status: 'replaced' }]);
  });

  it('a phantom: it ends at once, and is kept', async () => {
    const { subscriptionId, invoiceId } = await billing.paid('creator');
    await database.sql`UPDATE invoices SET hyperswitch_payment_id = NULL WHERE id = ${invoiceId}`;
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'expired',
      endReason: 'phantom',
    });
  });

  it('a trial that is over by a second: it ends with its trial, and is no phantom', async () => {
    const { subscriptionId } = await trial();
    await database.sql`UPDATE subscriptions SET trial_end = now() - interval '1 second' WHERE id = ${subscriptionId}`;
    expect(codeOf(await cancel(subscriptionId))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'trialing',
      cancelCause: 'person',
    });
  });

  it('two cancels at once: one of them, and one mail', async () => {
    const { subscriptionId, userId } = await billing.paid('creator');
    const codes = (await Promise.all([cancel(subscriptionId), cancel(subscriptionId)])).map(codeOf);
    expect(codes.toSorted()).toEqual(['done', 'not_cancellable']);
    expect(await billing.mailsOf(userId)).toEqual(['subscription_canceled']);
  });
});

describe('taking a cancellation back', () => {
  it('before the end: active again, and the same for a trial', async () => {
    const { subscriptionId, userId } = await billing.paid('creator');
    await cancel(subscriptionId);
    expect(codeOf(await reactivate(subscriptionId))).toBe('done');
    const back = { cancelRequestedAt: null, cancelCause: null };
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'active', ...back });
    expect(await billing.mailsOf(userId)).toContain('subscription_taken_back');

    const free = await trial();
    await cancel(free.subscriptionId);
    expect(codeOf(await reactivate(free.subscriptionId))).toBe('done');
    expect(await billing.subscription(free.subscriptionId)).toMatchObject({ status: 'trialing', ...back });
  });

  it('too late: not_reactivatable', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await cancel(subscriptionId);
    await overSince(subscriptionId, 0);
    expect(codeOf(await reactivate(subscriptionId))).toBe('not_reactivatable');
    await database.sql`UPDATE subscriptions SET status = 'canceled', ended_at = now(), end_reason = 'asked' WHERE id = ${subscriptionId}`;
    expect(codeOf(await reactivate(subscriptionId))).toBe('not_reactivatable');
  });

  it('that a dispute caused: not_reactivatable', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await database.sql`UPDATE subscriptions SET status = 'canceling', cancel_cause = 'dispute', cancel_requested_at = now() WHERE id = ${subscriptionId}`;
    expect(codeOf(await reactivate(subscriptionId))).toBe('not_reactivatable');
  });

  it.each(['active', 'past_due'])('that nobody asked for, while %s: not_reactivatable', async (status) => {
    const { subscriptionId } = await billing.paid('creator');
    await set(subscriptionId, status);
    expect(codeOf(await reactivate(subscriptionId))).toBe('not_reactivatable');
  });
});

describe('paying with the buyer present', () => {
  it('past due, after a refusal: the next attempt waits for them', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const invoiceId = await renewing(subscriptionId, { status: 'failed' });
    await set(subscriptionId, 'past_due');
    const paying = await billing.ask(subscriptionId, { do: 'pay' });
    expect(paying).toMatchObject({ done: { invoiceId } });
    const { attemptId } = (paying as { done: { attemptId: string } }).done;
    expect(await billing.attempt(attemptId)).toMatchObject({ attempt: 2, onSession: true, amountMinor: 999 });
    // Said twice, it is one payment.
    expect(await billing.ask(subscriptionId, { do: 'pay' })).toEqual(paying);
  });

  it('while the card is being charged: payment_pending', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await renewing(subscriptionId);
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('payment_pending');
  });

  it('of two at once: one payment', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const invoiceId = await renewing(subscriptionId, { status: 'failed' });
    await set(subscriptionId, 'past_due');
    const both = await Promise.all([1, 2].map(() => billing.ask(subscriptionId, { do: 'pay' })));
    expect(both[0]).toEqual(both[1]);
    expect(await database.sql`SELECT FROM invoice_payments WHERE invoice_id = ${invoiceId}`).toHaveLength(2);
  });

  it('for what was cancelled: invoice_not_payable', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await renewing(subscriptionId, { status: 'failed' });
    await set(subscriptionId, 'canceling');
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('invoice_not_payable');
  });

  it('nothing is open: invoice_not_payable', async () => {
    const { subscriptionId } = await billing.paid('creator');
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('invoice_not_payable');
  });

  it('a change whose bank wants the buyer: for a day, and within the period', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await billing.ask(subscriptionId, { do: 'change', planId: 'premium' });
    const [change] = await billing.changesOf(subscriptionId);
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${change!.invoiceId}`;
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('done');
    await overSince(subscriptionId, 0);
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('invoice_not_payable');
    await database.sql`UPDATE subscriptions SET current_period_end = now() + interval '9 days' WHERE id = ${subscriptionId}`;
    await database.sql`UPDATE invoices SET created_at = now() - interval '25 hours' WHERE id = ${change!.invoiceId}`;
    expect(codeOf(await billing.ask(subscriptionId, { do: 'pay' }))).toBe('invoice_not_payable');
  });
});

describe('a card on file', () => {
  const setUp = (subscriptionId: string) => billing.ask(subscriptionId, { do: 'payment_method' });

  it('a set-up payment begins, which is of no invoice', async () => {
    const { subscriptionId } = await trial();
    const result = await setUp(subscriptionId);
    const { setupId } = (result as { done: { setupId: string } }).done;
    const setups = await database.db.select().from(cardSetups);
    expect(setups).toMatchObject([{ id: setupId, subscriptionId, askedAt: null, endedAt: null }]);
    expect(await database.sql`SELECT FROM invoices WHERE subscription_id = ${subscriptionId}`).toHaveLength(
      0,
    );
  });

  it('of a first payment, and of what is over: refused', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId } = await billing.opened(userId, 'creator');
    expect(codeOf(await setUp(subscriptionId))).toBe('payment_pending');
    await cancel(subscriptionId);
    expect(codeOf(await setUp(subscriptionId))).toBe('subscription_not_found');
  });
});

describe('an ask', () => {
  it('that runs twice at once is done once, and its answer is read from its row', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const askId = uuidv7();
    const run = () => billing.ask(subscriptionId, { do: 'payment_method' }, askId);
    const both = await Promise.all([run(), run()]);
    expect(both[0]).toEqual({ done: { subscriptionId, setupId: askId } });
    expect(both[1]).toEqual(both[0]);
    expect(await readAskResult(database.db, askId)).toEqual(both[0]);
    expect(await run()).toEqual(both[0]);
  });

  it('that was refused stays refused, whatever has changed', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const askId = uuidv7();
    expect(codeOf(await billing.ask(subscriptionId, { do: 'reactivate' }, askId))).toBe('not_reactivatable');
    await cancel(subscriptionId);
    expect(codeOf(await billing.ask(subscriptionId, { do: 'reactivate' }, askId))).toBe('not_reactivatable');
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'canceling' });
  });

  it('of another person’s subscription does nothing', async () => {
    const [own, others] = [await billing.paid('creator'), await billing.paid('creator')];
    const askId = uuidv7();
    await database.sql`INSERT INTO asks (id, ask) VALUES (${askId}, ${JSON.stringify({ kind: 'subscription_ask', do: 'cancel', userId: own.userId })}::text::jsonb)`;
    const request = { subscriptionId: others.subscriptionId, askId };
    expect(codeOf(await carryOutAsk(database.db, request, TERMS))).toBe('subscription_not_found');
    expect(await billing.subscription(others.subscriptionId)).toMatchObject({ status: 'active' });
  });

  it('that nobody made does nothing', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const request = { subscriptionId, askId: uuidv7() };
    expect(codeOf(await carryOutAsk(database.db, request, TERMS))).toBe('subscription_not_found');
  });
});
