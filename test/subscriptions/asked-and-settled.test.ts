import { beforeAll, describe, expect, it } from 'vitest';
import { advance } from '../../db/subscriptions/advance.ts';
import { openWantedAttempt } from '../../db/subscriptions/attempts/for-buyer.ts';
import { openAttempt } from '../../db/subscriptions/attempts/open.ts';
import { settleAttempt } from '../../db/subscriptions/attempts/settle.ts';
import { openInvoice } from '../../db/subscriptions/invoices/open.ts';
import { lockInvoice, lockSubscription } from '../../db/subscriptions/lock.ts';
import { readPrice } from '../../db/subscriptions/prices.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { captured, CARD, failed } from './paid-rows.ts';
import { billingOn, codeOf, DAY_MS, type Paid, TERMS } from './verbs.ts';

// What people ask, and what the PSP says of it, in either order.

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

const settle = (attemptId: string, report: Parameters<typeof settleAttempt>[2]) =>
  settleAttempt(database.db, attemptId, report, TERMS);
const asked = (attemptId: string) =>
  database.sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${attemptId}`;
const done = async (result: ReturnType<typeof billing.ask>): Promise<Paid> => {
  const answer = await result;
  if (!('done' in answer)) throw new Error(JSON.stringify(answer));
  return answer.done as Paid;
};

/** A trial that is over, whose charge is under way. */
async function trialCharged() {
  const userId = await billing.makePerson();
  const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
  await database.sql`UPDATE subscriptions SET trial_end = now() - interval '1 minute',
    payment_method_id = ${await billing.card(userId)} WHERE id = ${subscriptionId}`;
  const attemptId = await database.db.transaction(async (tx) => {
    const subscription = await lockSubscription(tx, subscriptionId);
    const start = subscription.trialEnd!;
    const priced = await readPrice(tx, subscription.priceId);
    const period = { start, end: new Date(start.getTime() + 30 * DAY_MS) };
    const invoice = await openInvoice(tx, subscription, {
      ...{ reason: 'trial_end', priced, period, now: new Date() },
    });
    const { paymentMethodId } = subscription;
    return (await openAttempt(tx, invoice, { onSession: false, paymentMethodId })).id;
  });
  await asked(attemptId);
  return { subscriptionId, attemptId };
}

describe('subscribing', () => {
  it('replaced while unpaid, then paid: given back, and stays dead', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await asked(first.attemptId);
    const second = await billing.opened(userId, 'premium');
    expect(await settle(first.attemptId, captured(999, { card: CARD }))).toMatchObject({
      outcome: 'given_back',
      giveBack: {},
    });
    expect(await billing.subscription(first.subscriptionId)).toMatchObject({ status: 'canceled' });
    expect(await billing.subscription(second.subscriptionId)).toMatchObject({ status: 'pending_payment' });
    await settle(second.attemptId, captured(1_999));
    expect(await billing.subscription(second.subscriptionId)).toMatchObject({ status: 'active' });
  });

  it('secret expired: a new one, one charge: what the old one brings after all goes back', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await database.sql`UPDATE invoice_payments SET asked_at = now(), client_secret_expires_at = now() WHERE id = ${first.attemptId}`;
    const again = await billing.opened(userId, 'creator');
    await settle(first.attemptId, failed('cancelled'));
    await database.db.transaction(async (tx) =>
      openWantedAttempt(tx, (await lockInvoice(tx, first.invoiceId)).invoice),
    );
    expect(await settle(again.attemptId, captured(999))).toMatchObject({ outcome: 'paid' });
    expect(await settle(first.attemptId, captured(999))).toMatchObject({ outcome: 'given_back' });
    expect(await billing.invoice(first.invoiceId)).toMatchObject({
      status: 'paid',
      hyperswitchPaymentId: again.attemptId,
    });
  });

  it('paid by the old secret before it was ended: that is the payment, and there is no other', async () => {
    const userId = await billing.makePerson();
    const first = await billing.opened(userId, 'creator');
    await database.sql`UPDATE invoice_payments SET asked_at = now(), client_secret_expires_at = now() WHERE id = ${first.attemptId}`;
    await billing.opened(userId, 'creator');
    expect(await settle(first.attemptId, captured(999))).toMatchObject({ outcome: 'paid' });
    const wanted = await database.db.transaction(async (tx) =>
      openWantedAttempt(tx, (await lockInvoice(tx, first.invoiceId)).invoice),
    );
    expect(wanted).toBeUndefined();
    expect(await billing.subscription(first.subscriptionId)).toMatchObject({ status: 'active' });
  });
});

describe('cancelling', () => {
  it('unpaid, then paid: given back, stays canceled', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId, attemptId } = await billing.opened(userId, 'creator');
    await asked(attemptId);
    await billing.ask(subscriptionId, { do: 'cancel' });
    expect(await settle(attemptId, captured(999))).toMatchObject({ outcome: 'given_back' });
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'canceled' });
  });

  it('a trial while its charge is in flight: a success runs to its period’s end', async () => {
    const { subscriptionId, attemptId } = await trialCharged();
    expect(codeOf(await billing.ask(subscriptionId, { do: 'cancel' }))).toBe('done');
    expect(await settle(attemptId, captured(1_999))).toMatchObject({ outcome: 'paid' });
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'canceling',
      cancelCause: 'person',
    });
  });

  it('a trial while its charge is in flight: refused, it is not tried again', async () => {
    const { subscriptionId, attemptId } = await trialCharged();
    await billing.ask(subscriptionId, { do: 'cancel' });
    await settle(attemptId, failed('insufficient_funds'));
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'trialing',
      dunningSince: null,
    });
    expect(await billing.invoice(attemptId)).toMatchObject({ status: 'void' });
  });

  it('during a change that is being charged: what it brings goes back, and the old plan runs out', async () => {
    const { subscriptionId, ...before } = await billing.paid('creator');
    const { attemptId } = await done(billing.ask(subscriptionId, { do: 'change', planId: 'premium' }));
    await asked(attemptId);
    await billing.ask(subscriptionId, { do: 'cancel' });
    const { amountMinor } = await billing.attempt(attemptId);
    expect(await settle(attemptId, captured(amountMinor))).toMatchObject({ outcome: 'given_back' });
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'canceling',
      priceId: await billing.priceId('creator', 'monthly'),
      currentPeriodEnd: before.end,
    });
  });
});

describe('changing', () => {
  it('an upgrade that is paid ends the change that was scheduled', async () => {
    const { subscriptionId } = await billing.paid('premium');
    await billing.ask(subscriptionId, { do: 'change', planId: 'creator' });
    const { attemptId } = await done(billing.ask(subscriptionId, { do: 'change', billingCycle: 'yearly' }));
    const { amountMinor } = await billing.attempt(attemptId);
    expect(await settle(attemptId, captured(amountMinor))).toMatchObject({ outcome: 'paid' });
    const statuses = (await billing.changesOf(subscriptionId)).map(({ status }) => status);
    expect(statuses).toEqual(['replaced', 'applied']);
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      priceId: await billing.priceId('premium', 'yearly'),
    });
  });

  it('an upgrade that is refused: failed, all else as it was, no dunning', async () => {
    const { subscriptionId } = await billing.paid('premium');
    await billing.ask(subscriptionId, { do: 'change', planId: 'creator' });
    const before = await billing.subscription(subscriptionId);
    const { attemptId, invoiceId } = await done(
      billing.ask(subscriptionId, { do: 'change', billingCycle: 'yearly' }),
    );
    await settle(attemptId, failed('insufficient_funds'));
    expect(await billing.invoice(invoiceId)).toMatchObject({ status: 'void' });
    const statuses = (await billing.changesOf(subscriptionId)).map(({ status }) => status);
    expect(statuses).toEqual(['scheduled', 'failed']);
    const after = await billing.subscription(subscriptionId);
    expect({ ...after, nextDueAt: null }).toEqual({ ...before, nextDueAt: null });
  });

  it('twice at the same quote: the second is charged for what the first left', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const first = await done(billing.ask(subscriptionId, { do: 'change', planId: 'premium' }));
    await settle(first.attemptId, captured((await billing.attempt(first.attemptId)).amountMinor));
    const second = await done(billing.ask(subscriptionId, { do: 'change', billingCycle: 'yearly' }));
    const credit = (await billing.linesOf(second.invoiceId)).find(([kind]) => kind === 'unused_credit');
    // 29 to 30 days of 28 to 31 are left of 19.99.
    expect(credit?.[1]).toBe('Unused time of Premium (monthly)');
    expect(Number(credit?.[2])).toBeLessThan(-1_900);
    await settle(second.attemptId, captured((await billing.attempt(second.attemptId)).amountMinor));
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'active',
      priceId: await billing.priceId('premium', 'yearly'),
      periodIndex: 0,
    });
  });
});

describe('the id of an invoice that a card is charged for', () => {
  const forget = async (invoiceId: string) => {
    const { sql } = database;
    await sql`DELETE FROM subscription_changes WHERE invoice_id = ${invoiceId}`;
    await sql`DELETE FROM invoice_payments WHERE invoice_id = ${invoiceId}`;
    await sql`DELETE FROM invoice_lines WHERE invoice_id = ${invoiceId}`;
    await sql`DELETE FROM invoices WHERE id = ${invoiceId}`;
  };
  const refuse = async (invoiceId: string) => {
    await asked(invoiceId);
    await settle(invoiceId, failed());
  };

  it('is the same for the same period after a restore, and another once the first one is void', async () => {
    const { subscriptionId } = await billing.paid('creator', { sinceMs: 32 * DAY_MS });
    const renewed = async () => {
      const step = await advance(database.db, subscriptionId, TERMS);
      return step.kind === 'ask' ? step.attemptId : step.kind;
    };
    const first = await renewed();
    await forget(first);
    expect(await renewed()).toBe(first);
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${first}`;
    await database.sql`UPDATE invoices SET status = 'void' WHERE id = ${first}`;
    const second = await renewed();
    expect(second).not.toBe(first);
    await forget(second);
    expect(await renewed()).toBe(second);
  });

  it('is the same for the same change of a period, and another once the first one was refused', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const upgraded = async () =>
      (await done(billing.ask(subscriptionId, { do: 'change', planId: 'premium' }))).invoiceId;
    const first = await upgraded();
    await forget(first);
    expect(await upgraded()).toBe(first);
    await refuse(first);
    const second = await upgraded();
    expect(second).not.toBe(first);
    expect(await billing.invoice(second)).toMatchObject({ reason: 'change', status: 'open' });
  });
});
