import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, it } from 'vitest';
import { readIdempotencyKey, keepAsk } from '../../db/kernel/index.ts';
import { openWantedAttempt } from '../../db/subscriptions/attempts/for-buyer.ts';
import { readAskResult } from '../../db/subscriptions/kept-ask.ts';
import { lockInvoice } from '../../db/subscriptions/lock.ts';
import { openSubscription, subscriptionFor } from '../../db/subscriptions/subscribe.ts';
import { cancelFree, subscribeToFree } from '../../db/subscriptions/subscribe-free.ts';
import { keepTrialCard } from '../../db/subscriptions/trial-uses.ts';
import { trialCardHash } from '../../db/subscriptions/trial-hash.ts';
import type { AskedSubscription } from '../../domain/subscriptions/asked.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { billingOn, codeOf, DAY_MS, TERMS } from './verbs.ts';

const PREMIUM_MONTHLY = '01998000-0000-7000-8000-000000000004';

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

const rowsOf = (userId: string) =>
  database.sql`SELECT id, status, end_reason FROM subscriptions WHERE user_id = ${userId} ORDER BY created_at`;
const attemptsOf = (userId: string) => database.sql`
  SELECT p.id FROM invoice_payments p JOIN invoices i ON i.id = p.invoice_id
  JOIN subscriptions s ON s.id = i.subscription_id WHERE s.user_id = ${userId}`;

describe('subscribing to a paid plan', () => {
  it('opens a row that waits for its payment, an invoice and its first attempt, under the ask’s id', async () => {
    const userId = await billing.makePerson();
    const askId = uuidv7();
    const done = await billing.opened(userId, 'creator', { askId });
    expect(done).toEqual({ subscriptionId: askId, invoiceId: done.invoiceId, attemptId: done.invoiceId });
    expect(await billing.subscription(askId)).toMatchObject({
      status: 'pending_payment',
      anchorAt: null,
      currentPeriodEnd: null,
    });
    expect(await billing.invoice(done.invoiceId)).toMatchObject({
      status: 'open',
      reason: 'first',
      number: null,
      amountMinor: 999,
      currency: 'USD',
      taxMinor: 0,
    });
    expect(await billing.linesOf(done.invoiceId)).toEqual([['plan', 'Creator (monthly)', 999]]);
    expect(await billing.attempt(done.attemptId)).toMatchObject({
      attempt: 1,
      onSession: true,
      amountMinor: 999,
      status: 'pending',
      paymentMethodId: null,
    });
    expect(await readAskResult(database.db, askId)).toEqual({ done });
  });

  it('two subscribes at once: one row, one payment', async () => {
    const userId = await billing.makePerson();
    const both = await Promise.all([billing.opened(userId, 'creator'), billing.opened(userId, 'creator')]);
    expect(both[0]).toEqual(both[1]);
    expect(await rowsOf(userId)).toHaveLength(1);
    expect(await attemptsOf(userId)).toHaveLength(1);
  });

  it('one ask that runs twice at once: one row, one answer, and its key is kept', async () => {
    const userId = await billing.makePerson();
    const askId = uuidv7();
    const idempotency = { scope: `${userId} subscribe`, key: 'k', bodyHash: 'h' };
    const ask = { userId, planId: 'creator', billingCycle: 'yearly', trial: false, idempotency } as const;
    await keepAsk<AskedSubscription>(database.db, askId, { kind: 'subscription', ...ask });
    const open = () => openSubscription(database.db, { subscriptionId: askId, askId }, TERMS);
    const [one, other] = await Promise.all([open(), open()]);
    expect(one).toEqual(other);
    expect(codeOf(one)).toBe('done');
    expect(await open()).toEqual(one);
    expect(await rowsOf(userId)).toHaveLength(1);
    const stored = await readIdempotencyKey(database.db, idempotency);
    expect({ done: stored?.answer }).toEqual(one);
  });

  it('again while unpaid, same price: the same rows', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    const wish = { userId, planId: 'creator', billingCycle: 'monthly', trial: false } as const;
    expect(await subscriptionFor(database.db, uuidv7(), wish, TERMS)).toMatchObject({
      subscriptionId: first.subscriptionId,
    });
    expect(await billing.opened(userId, 'creator')).toEqual(first);
  });

  it('secret expired: a new one, after the last payment is known to be over', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await database.sql`UPDATE invoice_payments SET asked_at = now(), client_secret = 'dead',
      client_secret_expires_at = now() + interval '30 seconds' WHERE id = ${first.attemptId}`;
    const again = await billing.opened(userId, 'creator');
    expect(again).toMatchObject({ subscriptionId: first.subscriptionId, invoiceId: first.invoiceId });
    expect(again.attemptId).not.toBe(first.attemptId);
    // Nothing new can be paid while the PSP may still take the old one.
    expect(await attemptsOf(userId)).toHaveLength(1);
    const wanted = () =>
      database.db.transaction(async (tx) => {
        const { invoice } = await lockInvoice(tx, first.invoiceId);
        return (await openWantedAttempt(tx, invoice))?.id;
      });
    expect(await wanted()).toBeUndefined();
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${first.attemptId}`;
    expect(await wanted()).toBe(again.attemptId);
    expect(await billing.attempt(again.attemptId)).toMatchObject({ attempt: 2, onSession: true });
    expect(await wanted()).toBeUndefined();
    // And one whose secret lives is given again.
    await database.sql`UPDATE invoice_payments SET asked_at = now(), client_secret = 'alive',
      client_secret_expires_at = now() + interval '1 hour' WHERE id = ${again.attemptId}`;
    expect(await billing.opened(userId, 'creator')).toEqual(again);
  });

  it('after a declined payment: the next attempt of the same invoice', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${first.attemptId}`;
    const again = await billing.opened(userId, 'creator');
    expect(again.invoiceId).toBe(first.invoiceId);
    expect(await billing.attempt(again.attemptId)).toMatchObject({ attempt: 2, status: 'pending' });
  });

  it.each([
    ['never asked for: it is over', false, 'failed'],
    ['asked for: its workflow ends it', true, 'pending'],
  ])('another price while unpaid replaces it; its payment was %s', async (_, isAsked, status) => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    if (isAsked)
      await database.sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${first.attemptId}`;
    const second = await billing.opened(userId, 'premium', { billingCycle: 'yearly' });
    expect(second.replacedId).toBe(first.subscriptionId);
    expect(await rowsOf(userId)).toMatchObject([
      { id: first.subscriptionId, status: 'canceled', end_reason: 'replaced' },
      { id: second.subscriptionId, status: 'pending_payment' },
    ]);
    expect(await billing.invoice(first.invoiceId)).toMatchObject({ status: 'void' });
    const old = await billing.attempt(first.attemptId);
    expect([old.status, old.endRequestedAt !== null]).toEqual([status, isAsked]);
    expect((await billing.subscription(first.subscriptionId)).nextDueAt !== null).toBe(isAsked);
    expect(await billing.invoice(second.invoiceId)).toMatchObject({ amountMinor: 19_990 });
  });

  it('an unpaid row whose time to pay is over is replaced, and not paid any more', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await database.sql`UPDATE subscriptions SET created_at = now() - interval '25 hours' WHERE id = ${first.subscriptionId}`;
    const second = await billing.opened(userId, 'creator');
    expect(second.subscriptionId).not.toBe(first.subscriptionId);
    expect(await billing.invoice(first.invoiceId)).toMatchObject({ status: 'void' });
  });

  it.each([
    ['active', '/api/v1/subscriptions/change'],
    ['canceling', '/api/v1/subscriptions/reactivate'],
    ['past_due', '/api/v1/subscriptions/pay'],
  ])('while %s: subscription_exists, and which route instead', async (status, instead) => {
    const { userId, subscriptionId } = await billing.paid('creator');
    await database.sql`UPDATE subscriptions SET status = ${status} WHERE id = ${subscriptionId}`;
    expect(await billing.subscribe(userId, 'premium')).toMatchObject({
      refused: { code: 'subscription_exists', extra: { instead } },
    });
    expect(await rowsOf(userId)).toHaveLength(1);
  });

  it('a phantom counts as none: it is replaced, and the former row is kept', async () => {
    const { userId, subscriptionId, invoiceId } = await billing.paid('creator');
    await database.sql`UPDATE invoices SET hyperswitch_payment_id = '' WHERE id = ${invoiceId}`;
    const { replacedId } = await billing.opened(userId, 'creator');
    expect(replacedId).toBe(subscriptionId);
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'expired',
      endReason: 'phantom',
    });
    const kept =
      await database.sql`SELECT row FROM phantom_subscriptions WHERE row->>'id' = ${subscriptionId}`;
    expect(kept).toMatchObject([{ row: { status: 'active', userId } }]);
  });

  it.each([
    ['active', 'active'],
    ['cancelled', 'canceling'],
  ])('one that is %s and only late is none: its workflow charges or ends it', async (_, status) => {
    const { userId, subscriptionId } = await billing.paid('creator', { sinceMs: 40 * DAY_MS });
    await database.sql`UPDATE subscriptions SET status = ${status} WHERE id = ${subscriptionId}`;
    const result = await billing.subscribe(userId, 'premium');
    expect(codeOf(result)).toBe('subscription_exists');
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status, endedAt: null });
  });

  it.each([
    ['nobody paid its period', 'invoices', "hyperswitch_payment_id = ''"],
    ['another plan was paid', 'invoices', `price_id = '${PREMIUM_MONTHLY}'`],
    ['nothing of it is ever due', 'subscriptions', 'next_due_at = NULL'],
  ])('one whose period is over is a phantom where %s: it is replaced', async (_, table, wrong) => {
    const { userId, subscriptionId, invoiceId } = await billing.paid('creator', { sinceMs: 40 * DAY_MS });
    const id = table === 'invoices' ? invoiceId : subscriptionId;
    await database.sql.unsafe(`UPDATE ${table} SET ${wrong} WHERE id = '${id}'`);
    expect(await billing.opened(userId, 'creator')).toMatchObject({ replacedId: subscriptionId });
  });

  it.each([
    ['an unknown plan', 'gold', {}, 'plan_not_found'],
    ['Free, which is not paid', 'free', {}, 'plan_not_offered'],
    ['a trial of a plan without one', 'creator', { trial: true }, 'trial_not_offered'],
  ])('%s is refused, and the refusal is kept with the ask', async (_, planId, wish, code) => {
    const userId = await billing.makePerson();
    const askId = uuidv7();
    const result = await billing.subscribe(userId, planId, { ...wish, askId });
    expect(codeOf(result)).toBe(code);
    expect(await readAskResult(database.db, askId)).toEqual(result);
    expect(await rowsOf(userId)).toHaveLength(0);
  });

  it.each([
    ['a subscription that is paid', 'subscription_exists', () => billing.paid('creator')],
    [
      'a trial in the past',
      'trial_already_used',
      async () => {
        const userId = await billing.makePerson();
        const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
        await database.sql`UPDATE subscriptions SET status = 'expired', ended_at = now(), end_reason = 'asked'
          WHERE id = ${subscriptionId}`;
        return { userId };
      },
    ],
  ])('%s is read before the engine is asked: %s', async (_, code, make) => {
    const { userId } = await make();
    const wish = { userId, planId: 'premium', billingCycle: 'monthly', trial: true } as const;
    expect(await subscriptionFor(database.db, uuidv7(), wish, TERMS)).toMatchObject({ refused: { code } });
  });

  it('nobody asked: nothing is opened', async () => {
    const askId = uuidv7();
    const result = await openSubscription(database.db, { subscriptionId: askId, askId }, TERMS);
    expect(codeOf(result)).toBe('subscription_not_found');
  });
});

describe('a plan that is withdrawn, and a price that is raised', () => {
  it.each([
    ['the plan', "UPDATE plans SET offered = false WHERE id = 'premium'"],
    [
      'its price',
      `UPDATE plan_prices SET valid_until = now() - interval '1 second' WHERE id = '${PREMIUM_MONTHLY}'`,
    ],
  ])('again while unpaid, once %s is withdrawn: the same rows; no new ones', async (_, withdraw) => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'premium');
    const wish = { planId: 'premium', billingCycle: 'monthly', trial: false } as const;
    await database.sql.unsafe(withdraw);
    try {
      expect(await subscriptionFor(database.db, uuidv7(), { userId, ...wish }, TERMS)).toMatchObject({
        subscriptionId: first.subscriptionId,
        wished: { price: { id: PREMIUM_MONTHLY } },
      });
      expect(await billing.opened(userId, 'premium')).toEqual(first);
      expect(await rowsOf(userId)).toHaveLength(1);
      expect(codeOf(await billing.subscribe(await billing.makePerson(), 'premium'))).toBe('plan_not_offered');
      // Nor one in the place of what is waiting no more.
      await database.sql`UPDATE subscriptions SET created_at = now() - interval '25 hours' WHERE id = ${first.subscriptionId}`;
      expect(codeOf(await billing.subscribe(userId, 'premium'))).toBe('plan_not_offered');
    } finally {
      await database.sql`UPDATE plans SET offered = true WHERE id = 'premium'`;
      await database.sql`UPDATE plan_prices SET valid_until = NULL WHERE id = ${PREMIUM_MONTHLY}`;
    }
  });

  it('cannot be subscribed to; a new price is taken from its moment on', async () => {
    await database.sql`UPDATE plans SET offered = false WHERE id = 'creator'`;
    expect(codeOf(await billing.subscribe(await billing.makePerson(), 'creator'))).toBe('plan_not_offered');
    await database.sql`UPDATE plans SET offered = true WHERE id = 'creator'`;

    const old = await billing.priceId('creator', 'monthly');
    await database.sql`UPDATE plan_prices SET valid_until = now() WHERE id = ${old}`;
    await database.sql`INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
      VALUES (${uuidv7()}, 'creator', 'monthly', 1099, 'USD', now())`;
    const { invoiceId } = await billing.opened(await billing.makePerson(), 'creator');
    expect(await billing.invoice(invoiceId)).toMatchObject({ amountMinor: 1_099 });
    await database.sql`DELETE FROM invoice_lines WHERE invoice_id = ${invoiceId}`;
    await database.sql`DELETE FROM invoice_payments WHERE invoice_id = ${invoiceId}`;
    await database.sql`DELETE FROM invoices WHERE id = ${invoiceId}`;
    await database.sql`DELETE FROM subscriptions WHERE price_id IN (SELECT id FROM plan_prices WHERE amount_minor = 1099)`;
    await database.sql`DELETE FROM plan_prices WHERE amount_minor = 1099`;
    await database.sql`UPDATE plan_prices SET valid_until = NULL WHERE id = ${old}`;
  });
});

describe('a trial', () => {
  const trial = (userId: string) => billing.subscribe(userId, 'premium', { trial: true });

  it('begins without a card and without an invoice, for fourteen days', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId, ...rest } = await billing.opened(userId, 'premium', { trial: true });
    expect(rest).toEqual({});
    const row = await billing.subscription(subscriptionId);
    expect(row).toMatchObject({ status: 'trialing', paymentMethodId: null, currentPeriodEnd: null });
    expect(row.trialEnd!.getTime() - row.createdAt.getTime()).toBe(14 * DAY_MS);
    expect(await billing.mailsOf(userId)).toEqual(['trial_started']);
  });

  it('twice: trial_already_used', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
    expect(codeOf(await trial(userId))).toBe('subscription_exists');
    await database.sql`UPDATE subscriptions SET status = 'expired', ended_at = now(), end_reason = 'trial_without_card' WHERE id = ${subscriptionId}`;
    expect(codeOf(await trial(userId))).toBe('trial_already_used');
    expect(await rowsOf(userId)).toHaveLength(1);
  });

  it('after deletion of the account, and with a +tag: trial_already_used', async () => {
    const name = uuidv7();
    const userId = await billing.makePerson({ email: `${name}@example.com` });
    const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
    const tagged = await billing.makePerson({ email: `${name.toUpperCase()}+again@Example.com` });
    expect(codeOf(await trial(tagged))).toBe('trial_already_used');
    await database.sql`DELETE FROM subscriptions WHERE id = ${subscriptionId}`;
    await database.sql`DELETE FROM mails WHERE user_id = ${userId}`;
    await database.sql`DELETE FROM users WHERE id = ${userId}`;
    const anew = await billing.makePerson({ email: `${name}@example.com` });
    expect(codeOf(await trial(anew))).toBe('trial_already_used');
  });

  it('of two accounts of one address at once: one trial', async () => {
    const name = uuidv7();
    const people = await Promise.all(
      ['', '+a', '+b'].map((tag) => billing.makePerson({ email: `${name}${tag}@example.com` })),
    );
    const codes = (await Promise.all(people.map(trial))).map(codeOf);
    expect(codes.toSorted()).toEqual(['done', 'trial_already_used', 'trial_already_used']);
  });

  it('needs an address that is verified', async () => {
    const userId = await billing.makePerson({ isVerified: false });
    expect(codeOf(await trial(userId))).toBe('email_not_verified');
    expect(await database.sql`SELECT FROM trial_uses WHERE user_id = ${userId}`).toHaveLength(0);
  });

  it('same card: the second person is told that somebody had a trial with it', async () => {
    const [one, other] = [await billing.makePerson(), await billing.makePerson()];
    for (const userId of [one, other]) await billing.opened(userId, 'premium', { trial: true });
    const fingerprint = trialCardHash(TERMS.trialHashKey, 'fp_1');
    const keep = (userId: string) => database.db.transaction((tx) => keepTrialCard(tx, userId, fingerprint));
    const had = await Promise.all([keep(one), keep(other)]);
    expect(had.toSorted()).toEqual([false, true]);
    expect(await Promise.all([keep(one), keep(other)])).toContain(true);
  });
});

describe('Free', () => {
  const free = (userId: string) =>
    database.db.transaction((tx) => subscribeToFree(tx, { userId, planId: 'free' }, TERMS));

  it('is active at once, and left at once', async () => {
    const userId = await billing.makePerson();
    const { subscription, replacedId } = await free(userId);
    expect([subscription.status, subscription.nextDueAt, replacedId]).toEqual(['active', null, null]);
    await expect(free(userId)).rejects.toMatchObject({ code: 'subscription_exists' });
    const left = await database.db.transaction((tx) => cancelFree(tx, { userId }, TERMS));
    expect(left).toMatchObject({ status: 'canceled', endReason: 'asked' });
    await expect(database.db.transaction((tx) => cancelFree(tx, { userId }, TERMS))).rejects.toMatchObject({
      code: 'subscription_not_found',
    });
  });

  it('is replaced by a plan that waits for its payment, which grants nothing', async () => {
    const userId = await billing.makePerson();
    const { subscription } = await free(userId);
    const { replacedId } = await billing.opened(userId, 'creator');
    expect(replacedId).toBeUndefined();
    expect(await rowsOf(userId)).toMatchObject([
      { id: subscription.id, status: 'canceled', end_reason: 'replaced' },
      { status: 'pending_payment' },
    ]);
  });

  it('replaces what was never paid, and nothing that is', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId, invoiceId } = await billing.opened(userId, 'creator');
    expect((await free(userId)).replacedId).toBe(subscriptionId);
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    const paid = await billing.paid('creator');
    await expect(free(paid.userId)).rejects.toMatchObject({ code: 'subscription_exists' });
    await expect(
      database.db.transaction((tx) => cancelFree(tx, { userId: paid.userId }, TERMS)),
    ).rejects.toMatchObject({ code: 'not_cancellable' });
  });
});
