import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tx } from '../../db/client.ts';
import { openAttempt } from '../../db/subscriptions/attempts/open.ts';
import { chargeNow } from '../../db/subscriptions/operators/charge-now.ts';
import { endNow } from '../../db/subscriptions/operators/end-now.ts';
import { movePrice } from '../../db/subscriptions/operators/move-price.ts';
import { retryInvoice, retrySubscription } from '../../db/subscriptions/operators/retry.ts';
import { voidInvoice } from '../../db/subscriptions/operators/void-invoice.ts';
import { VezaError } from '../../domain/errors.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { addInvoice, addSubscription } from './rows.ts';
import { billingOn, DAY_MS, TERMS } from './verbs.ts';

const ACT = { actor: 'system', reason: 'as the test says' };

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

const inTx = <T>(act: (tx: Tx) => Promise<T>) => database.db.transaction(act);
/** The code of a refusal. */
const refusal = async (act: Promise<unknown>) => {
  try {
    await act;
  } catch (error) {
    if (error instanceof VezaError) return error.code;
    throw error;
  }
  return 'nothing was refused';
};

const attemptsOf = async (invoiceId: string) =>
  database.sql<{ attempt: number; status: string; on_session: boolean; payment_method_id: string | null }[]>`
    SELECT attempt, status, on_session, payment_method_id FROM invoice_payments WHERE invoice_id = ${invoiceId} ORDER BY attempt`;
const mailsOf = async (userId: string) =>
  database.sql<{ kind: string; params: Record<string, unknown> }[]>`
    SELECT kind, params FROM mails WHERE user_id = ${userId} ORDER BY created_at`;
const actsOn = async (subject: string) =>
  (
    await database.sql<
      { action: string }[]
    >`SELECT action FROM audit_log WHERE subject = ${subject} ORDER BY id`
  ).map(({ action }) => action);

async function cardOf(userId: string): Promise<string> {
  const id = uuidv7();
  await database.sql`
    INSERT INTO payment_methods (id, user_id, provider_payment_method_id, brand, last4, exp_month, exp_year)
    VALUES (${id}, ${userId}, ${`pm_${id}`}, 'visa', '4242', 12, 2040)`;
  return id;
}

/** Past due: its renewal was refused once, and the invoice waits. */
async function pastDue({ card = true, declineClass = 'retry' as 'retry' | 'final' } = {}) {
  const userId = await billing.makePerson();
  const paymentMethodId = card ? await cardOf(userId) : null;
  const subscriptionId = await addSubscription(database, userId, 'creator', {
    status: 'past_due',
    paymentMethodId,
    dunningSince: new Date(),
    nextDueAt: new Date(Date.now() + DAY_MS),
  });
  const invoiceId = await addInvoice(database, subscriptionId, { status: 'open', reason: 'renewal' });
  await database.sql`
    INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, payment_method_id, amount_minor, currency, status, decline_class, asked_at)
    VALUES (${invoiceId}, ${invoiceId}, 1, false, ${paymentMethodId}, 999, 'USD', 'failed', ${declineClass}, now())`;
  if (declineClass === 'final')
    await database.sql`UPDATE payment_methods SET refused_at = now() WHERE id = ${paymentMethodId}`;
  return { userId, paymentMethodId, subscriptionId, invoiceId };
}

/** Active, with an upgrade whose payment waits. */
async function changing() {
  const userId = await billing.makePerson();
  const subscriptionId = await addSubscription(database, userId, 'creator', {
    nextDueAt: new Date(Date.now() + 20 * DAY_MS),
  });
  await addInvoice(database, subscriptionId);
  const invoiceId = await addInvoice(database, subscriptionId, { status: 'open', reason: 'change' });
  await database.sql`
    INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, asked_at)
    VALUES (${invoiceId}, ${invoiceId}, 1, true, 500, 'USD', now())`;
  await database.sql`
    INSERT INTO subscription_changes (id, subscription_id, to_price_id, quoted_at, invoice_id, status, created_at)
    VALUES (${uuidv7()}, ${subscriptionId}, '01998000-0000-7000-8000-000000000004', now(), ${invoiceId}, 'pending', now())`;
  return { userId, subscriptionId, invoiceId };
}

describe('charge_now', () => {
  const charge = (invoiceId: string) => inTx((tx) => chargeNow(tx, { invoiceId, ...ACT }, TERMS.time));

  it('opens the next attempt from the card on file, due at once, and counts no step of dunning', async () => {
    const { subscriptionId, invoiceId, paymentMethodId } = await pastDue();
    const { attempt, isUnderWay } = await charge(invoiceId);
    expect(isUnderWay).toBe(false);
    expect(attempt).toMatchObject({ attempt: 2, amountMinor: 999, onSession: false, paymentMethodId });
    const { status, dunningIndex, nextDueAt } = await billing.subscription(subscriptionId);
    expect({ status, dunningIndex }).toEqual({ status: 'past_due', dunningIndex: 0 });
    expect(nextDueAt!.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await actsOn(`invoice/${invoiceId}`)).toEqual(['invoice.charge_now']);
  });

  it('while an attempt is under way there is no other', async () => {
    const { invoiceId } = await pastDue();
    const first = await charge(invoiceId);
    const again = await charge(invoiceId);
    expect(again).toMatchObject({ isUnderWay: true, attempt: { id: first.attempt.id } });
    expect(await attemptsOf(invoiceId)).toHaveLength(2);
  });

  it('two at once: one attempt', async () => {
    const { invoiceId } = await pastDue();
    const both = await Promise.all([charge(invoiceId), charge(invoiceId)]);
    expect(new Set(both.map(({ attempt }) => attempt.id)).size).toBe(1);
    expect(await attemptsOf(invoiceId)).toHaveLength(2);
  });

  it('a card that was declined for good is not charged again, another one is', async () => {
    const { userId, subscriptionId, invoiceId } = await pastDue({ declineClass: 'final' });
    expect(await refusal(charge(invoiceId))).toBe('payment_method_required');
    const other = await cardOf(userId);
    await database.sql`UPDATE subscriptions SET payment_method_id = ${other} WHERE id = ${subscriptionId}`;
    expect((await charge(invoiceId)).attempt.paymentMethodId).toBe(other);
  });

  it('is refused without a card, for a change that waits for its buyer, for what is not open, and for nothing', async () => {
    expect(await refusal(charge((await pastDue({ card: false })).invoiceId))).toBe('payment_method_required');
    const change = await changing();
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE invoice_id = ${change.invoiceId}`;
    expect(await refusal(charge(change.invoiceId))).toBe('invoice_not_payable');
    const paid = await addInvoice(database, change.subscriptionId, {
      periodStart: new Date(0),
      periodEnd: new Date(1),
    });
    expect(await refusal(charge(paid))).toBe('invoice_not_payable');
    expect(await refusal(charge(uuidv7()))).toBe('invoice_not_found');
  });
});

describe('void_invoice', () => {
  const makeVoid = (invoiceId: string) => inTx((tx) => voidInvoice(tx, { invoiceId, ...ACT }, TERMS.time));

  it('of a change: the change has failed, its payment is to be ended, and all else stays', async () => {
    const { userId, subscriptionId, invoiceId } = await changing();
    await makeVoid(invoiceId);
    expect((await billing.invoice(invoiceId)).status).toBe('void');
    expect(await billing.changesOf(subscriptionId)).toMatchObject([{ status: 'failed' }]);
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'active', endedAt: null });
    const attempt = await billing.attempt(invoiceId);
    expect(attempt.status).toBe('pending');
    expect(attempt.endRequestedAt).not.toBeNull();
    expect((await mailsOf(userId)).map(({ kind }) => kind)).toEqual(['change_failed']);
    expect(await actsOn(`invoice/${invoiceId}`)).toEqual(['invoice.void']);
  });

  it('of a period: nobody has a period without its money, so its subscription ends', async () => {
    const { userId, subscriptionId, invoiceId } = await pastDue();
    await makeVoid(invoiceId);
    expect((await billing.invoice(invoiceId)).status).toBe('void');
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'expired',
      endReason: 'ended_by_operator',
      nextDueAt: null,
    });
    expect((await mailsOf(userId)).map(({ kind }) => kind)).toEqual(['subscription_expired']);
    expect(await refusal(makeVoid(invoiceId))).toBe('invoice_not_payable');
  });
});

describe('end_now', () => {
  const end = (subscriptionId: string) => inTx((tx) => endNow(tx, { subscriptionId, ...ACT }, TERMS.time));

  it('expires it at once, keeps what was paid, and makes the rest of it revenue', async () => {
    const userId = await billing.makePerson();
    const subscriptionId = await addSubscription(database, userId, 'creator');
    const invoiceId = await addInvoice(database, subscriptionId);
    await database.sql`
      INSERT INTO revenue_schedules (id, invoice_id, amount_minor, recognised_minor, currency, starts_at, ends_at)
      VALUES (${uuidv7()}, ${invoiceId}, 999, 300, 'USD', now() - interval '10 days', now() + interval '20 days')`;
    await end(subscriptionId);
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'expired',
      endReason: 'ended_by_operator',
      nextDueAt: null,
    });
    expect((await billing.invoice(invoiceId)).status).toBe('paid');
    const booked = await database.sql`
      SELECT account, amount_minor::int AS amount FROM ledger_entries WHERE root_id = ${invoiceId} ORDER BY account`;
    expect(booked.map(({ account, amount }) => [account, amount] as const)).toEqual([
      ['platform:deferred', 699],
      ['platform:revenue', -699],
    ]);
    expect(await mailsOf(userId)).toMatchObject([
      { kind: 'subscription_expired', params: { plan: 'Creator', reason: 'ended_by_operator' } },
    ]);
    expect(await actsOn(`subscription/${subscriptionId}`)).toEqual(['subscription.end_now']);
    expect(await refusal(end(subscriptionId))).toBe('not_cancellable');
  });

  it('a change that waits for its payment has failed, and its person is told of both', async () => {
    const { userId, subscriptionId, invoiceId } = await changing();
    await end(subscriptionId);
    expect(await billing.changesOf(subscriptionId)).toMatchObject([{ status: 'failed' }]);
    const told = await mailsOf(userId);
    expect(told.map(({ kind }) => kind).toSorted()).toEqual(['change_failed', 'subscription_expired']);
    expect(told.find(({ kind }) => kind === 'change_failed')?.params).toMatchObject({
      invoice_id: invoiceId,
    });
  });

  it('a payment under way is to be ended at the PSP, and keeps its workflow due', async () => {
    const { subscriptionId, invoiceId } = await pastDue();
    await inTx(async (tx) => {
      const invoice = await billing.invoice(invoiceId);
      await openAttempt(tx, invoice, { onSession: true });
      await tx.execute(
        sql`UPDATE invoice_payments SET asked_at = now() WHERE status = 'pending' AND invoice_id = ${invoiceId}`,
      );
    });
    await end(subscriptionId);
    const [, second] = await attemptsOf(invoiceId);
    expect(second).toMatchObject({ attempt: 2, status: 'pending' });
    expect((await billing.subscription(subscriptionId)).nextDueAt).not.toBeNull();
  });

  it('is refused for Free, and for nothing', async () => {
    const userId = await billing.makePerson();
    const free = await addSubscription(database, userId, 'free');
    expect(await refusal(end(free))).toBe('not_cancellable');
    expect(await refusal(end(uuidv7()))).toBe('subscription_not_found');
  });
});

describe('move_price', () => {
  const move = (subscriptionId: string) =>
    inTx((tx) => movePrice(tx, { subscriptionId, ...ACT }, TERMS.time));
  const RAISED = uuidv7();
  beforeAll(async () => {
    await database.sql`UPDATE plan_prices SET valid_until = now() - interval '1 hour'
      WHERE plan_id = 'creator' AND billing_cycle = 'yearly'`;
    await database.sql`
      INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
      VALUES (${RAISED}, 'creator', 'yearly', 12000, 'USD', now() - interval '1 hour')`;
  });
  const yearly = async (status: 'active' | 'canceling' = 'active') => {
    const userId = await billing.makePerson();
    const priceId = '01998000-0000-7000-8000-000000000003';
    const subscriptionId = await addSubscription(database, userId, 'creator', { status, priceId });
    return { userId, subscriptionId };
  };

  it('price raised: renews as before until it is moved; then a mail now, and the new price 30 days later at the earliest', async () => {
    const { userId, subscriptionId } = await yearly();
    await move(subscriptionId);
    const row = await billing.subscription(subscriptionId);
    expect(row).toMatchObject({ priceId: '01998000-0000-7000-8000-000000000003', movesToPriceId: RAISED });
    expect(Math.abs(row.movesPriceAfter!.getTime() - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
    expect(await mailsOf(userId)).toMatchObject([
      {
        kind: 'price_moves',
        params: {
          plan: 'Creator',
          amount_now: 9990,
          amount_then: 12000,
          currency: 'USD',
          not_before: row.movesPriceAfter!.toISOString(),
        },
      },
    ]);
    expect(await actsOn(`subscription/${subscriptionId}`)).toEqual(['subscription.move_price']);
  });

  it('twice: told once, and its notice does not begin anew', async () => {
    const { userId, subscriptionId } = await yearly();
    await move(subscriptionId);
    const { movesPriceAfter } = await billing.subscription(subscriptionId);
    expect(await refusal(move(subscriptionId))).toBe('nothing_to_change');
    expect((await billing.subscription(subscriptionId)).movesPriceAfter).toEqual(movesPriceAfter);
    expect(await mailsOf(userId)).toHaveLength(1);
  });

  it('is refused where it has today’s price, does not renew, or is Free', async () => {
    const { subscriptionId } = await pastDue();
    expect(await refusal(move(subscriptionId))).toBe('nothing_to_change');
    expect(await refusal(move((await yearly('canceling')).subscriptionId))).toBe('nothing_to_change');
    const free = await addSubscription(database, await billing.makePerson(), 'free');
    expect(await refusal(move(free))).toBe('nothing_to_change');
    expect(await refusal(move(uuidv7()))).toBe('subscription_not_found');
  });
});

describe('retry', () => {
  it('writes nothing but who wanted it', async () => {
    const { subscriptionId, invoiceId } = await changing();
    const before = await billing.subscription(subscriptionId);
    await inTx((tx) => retrySubscription(tx, { subscriptionId, ...ACT }));
    await inTx((tx) => retryInvoice(tx, { invoiceId, ...ACT }));
    expect(await billing.subscription(subscriptionId)).toEqual(before);
    expect(await actsOn(`subscription/${subscriptionId}`)).toEqual(['subscription.retry']);
    expect(await actsOn(`invoice/${invoiceId}`)).toEqual(['invoice.retry']);
  });

  it('is refused where nothing is ever due, and where no payment is under way', async () => {
    const free = await addSubscription(database, await billing.makePerson(), 'free', { nextDueAt: null });
    expect(await refusal(inTx((tx) => retrySubscription(tx, { subscriptionId: free, ...ACT })))).toBe(
      'nothing_to_change',
    );
    const { invoiceId } = await pastDue();
    expect(await refusal(inTx((tx) => retryInvoice(tx, { invoiceId, ...ACT })))).toBe('invoice_not_payable');
  });
});
