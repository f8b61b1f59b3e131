import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ChangePreview, previewChange } from '../../db/subscriptions/preview.ts';
import type { WishedChange } from '../../domain/subscriptions/asked.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { billingOn, codeOf, DAY_MS, type Paid, TERMS } from './verbs.ts';

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

const change = (subscriptionId: string, wish: WishedChange) =>
  billing.ask(subscriptionId, { do: 'change', ...wish });

/** Gives a subscription a period such that a moment some seconds ago is at this part of it. */
async function atPart(subscriptionId: string, passedMs: number, lengthMs: number): Promise<string> {
  const quoted = Date.now() - 5_000;
  const start = new Date(quoted - passedMs).toISOString();
  const end = new Date(quoted - passedMs + lengthMs).toISOString();
  await database.sql`UPDATE subscriptions SET current_period_start = ${start}, current_period_end = ${end},
    anchor_at = ${start} WHERE id = ${subscriptionId}`;
  await database.sql`UPDATE invoices SET period_start = ${start}, period_end = ${end}, paid_at = ${start}
    WHERE subscription_id = ${subscriptionId}`;
  return new Date(quoted).toISOString();
}

async function changed(subscriptionId: string, wish: WishedChange): Promise<Paid & { changeId: string }> {
  const result = await change(subscriptionId, wish);
  if (!('done' in result)) throw new Error(JSON.stringify(result));
  return result.done as Paid & { changeId: string };
}

describe('an upgrade', () => {
  it('to the cent: 9.99 to 19.99, half left, is an invoice of 5.00 that the card is charged for', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const prorationAt = await atPart(subscriptionId, 15 * DAY_MS, 30 * DAY_MS);
    const before = await billing.subscription(subscriptionId);
    const { invoiceId, attemptId, changeId } = await changed(subscriptionId, {
      planId: 'premium',
      prorationAt,
    });
    expect(await billing.invoice(invoiceId)).toMatchObject({
      reason: 'change',
      status: 'open',
      amountMinor: 500,
      priceId: await billing.priceId('premium', 'monthly'),
      periodStart: new Date(prorationAt),
      periodEnd: before.currentPeriodEnd,
    });
    expect(await billing.linesOf(invoiceId)).toEqual([
      ['plan', 'Premium (monthly)', 1_000],
      ['unused_credit', 'Unused time of Creator (monthly)', -500],
    ]);
    expect(await billing.attempt(attemptId)).toMatchObject({
      onSession: false,
      paymentMethodId: before.paymentMethodId,
      amountMinor: 500,
    });
    expect(await billing.changesOf(subscriptionId)).toMatchObject([
      { id: changeId, status: 'pending', invoiceId, quotedAt: new Date(prorationAt) },
    ]);
    // The old plan until it is paid.
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'active',
      priceId: before.priceId,
    });
  });

  it('to the cent: 10 of 31 days left is 3.23', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const prorationAt = await atPart(subscriptionId, 21 * DAY_MS, 31 * DAY_MS);
    const { invoiceId } = await changed(subscriptionId, { planId: 'premium', prorationAt });
    expect(await billing.invoice(invoiceId)).toMatchObject({ amountMinor: 323 });
  });

  it('its preview’s proration_at gives its amount exactly', async () => {
    const { subscriptionId, userId } = await billing.paid('creator');
    const preview = (await previewChange(database.db, { userId, planId: 'premium' }, TERMS)) as ChangePreview;
    expect(preview).toMatchObject({ when: 'at_once', currency: 'USD', nextAmountMinor: 1_999 });
    expect(preview.expiresAt.getTime() - preview.prorationAt.getTime()).toBe(TERMS.quoteTtlMs);
    expect(preview.nextAt).toEqual((await billing.subscription(subscriptionId)).currentPeriodEnd);
    const prorationAt = preview.prorationAt.toISOString();
    const { invoiceId } = await changed(subscriptionId, { planId: 'premium', prorationAt });
    expect(await billing.invoice(invoiceId)).toMatchObject({
      amountMinor: preview.amountMinor,
      periodStart: preview.prorationAt,
    });
    const lines = (await billing.linesOf(invoiceId)).map(([kind, , amountMinor]) => ({ kind, amountMinor }));
    expect(lines).toEqual(preview.lines);
  });

  it('twice in a period: the second counts the whole price of the first, not what it charged', async () => {
    const { subscriptionId } = await billing.paid('creator', { billingCycle: 'yearly' });
    const half = await atPart(subscriptionId, 100 * DAY_MS, 200 * DAY_MS);
    const first = await changed(subscriptionId, { planId: 'premium', prorationAt: half });
    expect(await billing.invoice(first.invoiceId)).toMatchObject({ amountMinor: 9_995 - 4_995 });
    // As the payment leaves it.
    const premium = await billing.priceId('premium', 'yearly');
    await database.sql`UPDATE subscription_changes SET status = 'applied' WHERE id = ${first.changeId}`;
    await database.sql`UPDATE invoice_payments SET status = 'succeeded' WHERE id = ${first.attemptId}`;
    await database.sql`UPDATE invoices SET status = 'paid', paid_at = ${half}, number = 'X-1', hyperswitch_payment_id = id WHERE id = ${first.invoiceId}`;
    await database.sql`UPDATE subscriptions SET price_id = ${premium} WHERE id = ${subscriptionId}`;
    await database.sql`INSERT INTO plans (id, name, rank, features) VALUES ('label', 'Label', 3, '{}')`;
    await database.sql`INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
      VALUES (${uuidv7()}, 'label', 'yearly', 40000, 'USD', '2020-01-01Z')`;
    const second = await changed(subscriptionId, { planId: 'label', prorationAt: half });
    expect(await billing.linesOf(second.invoiceId)).toEqual([
      ['plan', 'Label (yearly)', 20_000],
      ['unused_credit', 'Unused time of Premium (yearly)', -9_995],
    ]);
  });

  it('after a partial refund: the credit is lower by it', async () => {
    const { subscriptionId, invoiceId: first } = await billing.paid('creator');
    const prorationAt = await atPart(subscriptionId, 15 * DAY_MS, 30 * DAY_MS);
    await database.sql`UPDATE invoices SET status = 'partially_refunded', refunded_minor = 300 WHERE id = ${first}`;
    const { invoiceId } = await changed(subscriptionId, { planId: 'premium', prorationAt });
    expect(await billing.invoice(invoiceId)).toMatchObject({ amountMinor: 800 });
  });

  it('below the minimum: a line raises it', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const prorationAt = await atPart(subscriptionId, 30 * DAY_MS, 31 * DAY_MS);
    const { invoiceId } = await changed(subscriptionId, { planId: 'premium', prorationAt });
    expect(await billing.invoice(invoiceId)).toMatchObject({ amountMinor: 50 });
    expect(await billing.linesOf(invoiceId)).toContainEqual([
      'minimum_charge',
      'Raised to the least amount that can be charged',
      18,
    ]);
  });

  it('two at once: one invoice, and payment_pending', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const both = await Promise.all([1, 2].map(() => change(subscriptionId, { planId: 'premium' })));
    expect(both.map(codeOf).toSorted()).toEqual(['done', 'payment_pending']);
    expect(await billing.changesOf(subscriptionId)).toHaveLength(1);
  });

  it('racing the renewal: payment_pending from the period’s end on', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await atPart(subscriptionId, 30 * DAY_MS, 30 * DAY_MS);
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('payment_pending');
  });

  it('while a refund of its payment is under way: payment_pending', async () => {
    const { subscriptionId, invoiceId, userId } = await billing.paid('creator');
    await database.sql`INSERT INTO refunds (id, invoice_id, kind, amount_minor, currency)
      VALUES (${uuidv7()}, ${invoiceId}, 'requested', 999, 'USD')`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('payment_pending');
    const preview = await previewChange(database.db, { userId, planId: 'premium' }, TERMS);
    expect(preview).toMatchObject({ refused: { code: 'payment_pending' } });
  });

  it('to a price in another currency: its credit cannot be reckoned', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await database.sql`UPDATE plan_prices SET currency = 'EUR' WHERE plan_id = 'premium' AND billing_cycle = 'monthly'`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('plan_not_offered');
    await database.sql`UPDATE plan_prices SET currency = 'USD' WHERE plan_id = 'premium'`;
  });

  it('without a card on file: payment_method_required', async () => {
    const { subscriptionId } = await billing.paid('creator');
    await database.sql`UPDATE subscriptions SET payment_method_id = NULL WHERE id = ${subscriptionId}`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('payment_method_required');
  });

  it('of a phantom: subscription_no_payment', async () => {
    const { subscriptionId, invoiceId, userId } = await billing.paid('creator');
    await database.sql`UPDATE invoices SET hyperswitch_payment_id = NULL WHERE id = ${invoiceId}`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('subscription_no_payment');
    const preview = await previewChange(database.db, { userId, planId: 'premium' }, TERMS);
    expect(preview).toMatchObject({ refused: { code: 'subscription_no_payment' } });
  });
});

describe('a preview is outdated', () => {
  const outdated = async (
    since: (of: Awaited<ReturnType<typeof billing.paid>>, at: string) => PromiseLike<unknown>,
  ) => {
    const of = await billing.paid('creator');
    const at = await atPart(of.subscriptionId, 15 * DAY_MS, 30 * DAY_MS);
    await since(of, at);
    return codeOf(await change(of.subscriptionId, { planId: 'premium', prorationAt: at }));
  };

  it.each([
    ['after ten minutes', -TERMS.quoteTtlMs - 60_000],
    ['where it is of the future', 60_000],
    ['where it is before the period', -20 * DAY_MS],
  ])('%s', async (_, ms) => {
    const { subscriptionId } = await billing.paid('creator');
    await atPart(subscriptionId, 15 * DAY_MS, 30 * DAY_MS);
    const prorationAt = new Date(Date.now() + ms).toISOString();
    expect(codeOf(await change(subscriptionId, { planId: 'premium', prorationAt }))).toBe('preview_outdated');
    expect(await billing.changesOf(subscriptionId)).toEqual([]);
  });

  it('once an invoice was paid since', async () => {
    expect(
      await outdated(
        ({ invoiceId }) => database.sql`UPDATE invoices SET paid_at = now() WHERE id = ${invoiceId}`,
      ),
    ).toBe('preview_outdated');
  });

  it('once a refund succeeded since', async () => {
    expect(
      await outdated(async ({ invoiceId }) => {
        await database.sql`INSERT INTO refunds (id, invoice_id, kind, amount_minor, currency, status, succeeded_at)
          VALUES (${uuidv7()}, ${invoiceId}, 'external', 100, 'USD', 'succeeded', now())`;
      }),
    ).toBe('preview_outdated');
  });

  it('once a refund succeeded just before that was not committed then', async () => {
    expect(
      await outdated(async ({ invoiceId }) => {
        await database.sql`INSERT INTO refunds (id, invoice_id, kind, amount_minor, currency, status, succeeded_at)
          VALUES (${uuidv7()}, ${invoiceId}, 'external', 100, 'USD', 'succeeded', now() - interval '4 seconds')`;
      }),
    ).toBe('preview_outdated');
  });

  it('once the price was raised since, and else is good', async () => {
    expect(await outdated(() => Promise.resolve())).toBe('done');
    const old = await billing.priceId('premium', 'monthly');
    const raised = uuidv7();
    expect(
      await outdated(async () => {
        await database.sql`UPDATE plan_prices SET valid_until = now() WHERE id = ${old}`;
        await database.sql`INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
          VALUES (${raised}, 'premium', 'monthly', 2099, 'USD', now())`;
      }),
    ).toBe('preview_outdated');
    await database.sql`DELETE FROM plan_prices WHERE id = ${raised}`;
    await database.sql`UPDATE plan_prices SET valid_until = NULL WHERE id = ${old}`;
  });
});

describe('a change of cycle', () => {
  it('from months to years: at once, the whole price less what is unused, for a year from the quote on', async () => {
    const { subscriptionId } = await billing.paid('creator');
    const prorationAt = await atPart(subscriptionId, 15 * DAY_MS, 30 * DAY_MS);
    const { invoiceId } = await changed(subscriptionId, { billingCycle: 'yearly', prorationAt });
    const written = await billing.invoice(invoiceId);
    expect(written).toMatchObject({ amountMinor: 9_990 - 500, periodStart: new Date(prorationAt) });
    expect(written.periodEnd!.getUTCFullYear()).toBe(new Date(prorationAt).getUTCFullYear() + 1);
  });

  it('from years to months: at the period’s end, and nothing is charged', async () => {
    const { subscriptionId, userId } = await billing.paid('creator', { billingCycle: 'yearly' });
    const preview = await previewChange(database.db, { userId, billingCycle: 'monthly' }, TERMS);
    const { currentPeriodEnd } = await billing.subscription(subscriptionId);
    expect(preview).toMatchObject({
      when: 'at_period_end',
      lines: [],
      amountMinor: 0,
      nextAmountMinor: 999,
      nextAt: currentPeriodEnd,
    });
    const { changeId, invoiceId } = await changed(subscriptionId, { billingCycle: 'monthly' });
    expect(invoiceId).toBeUndefined();
    expect(await billing.changesOf(subscriptionId)).toMatchObject([{ id: changeId, status: 'scheduled' }]);
  });

  it('a higher plan by the month, wanted from a year: cycle_change_at_period_end', async () => {
    const { subscriptionId } = await billing.paid('creator', { billingCycle: 'yearly' });
    const wish = { planId: 'premium', billingCycle: 'monthly' } as const;
    expect(codeOf(await change(subscriptionId, wish))).toBe('cycle_change_at_period_end');
  });
});

describe('a downgrade', () => {
  it('waits for the period’s end; the last wish counts, and said twice it is one', async () => {
    const { subscriptionId } = await billing.paid('premium');
    const before = await billing.subscription(subscriptionId);
    const first = await changed(subscriptionId, { planId: 'creator' });
    expect(await changed(subscriptionId, { planId: 'creator' })).toEqual(first);
    const second = await changed(subscriptionId, { planId: 'creator', billingCycle: 'yearly' });
    expect(await billing.changesOf(subscriptionId)).toMatchObject([
      { id: first.changeId, status: 'replaced' },
      { id: second.changeId, status: 'scheduled', toPriceId: await billing.priceId('creator', 'yearly') },
    ]);
    expect(await billing.subscription(subscriptionId)).toMatchObject({
      status: 'active',
      priceId: before.priceId,
    });
  });

  it('the present price takes it back; without one there is nothing to change', async () => {
    const { subscriptionId } = await billing.paid('premium');
    await changed(subscriptionId, { planId: 'creator' });
    await changed(subscriptionId, { planId: 'premium' });
    expect(await billing.changesOf(subscriptionId)).toMatchObject([{ status: 'replaced' }]);
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('nothing_to_change');
  });

  it('beside an upgrade that is not paid yet, stays: if that is refused, all else is as it was', async () => {
    const { subscriptionId } = await billing.paid('premium');
    await changed(subscriptionId, { planId: 'creator' });
    await changed(subscriptionId, { billingCycle: 'yearly' });
    const statuses = (await billing.changesOf(subscriptionId)).map(({ status }) => status);
    expect(statuses).toEqual(['scheduled', 'pending']);
  });

  it('to Free: a cancellation', async () => {
    const { subscriptionId } = await billing.paid('premium');
    expect(codeOf(await change(subscriptionId, { planId: 'free' }))).toBe('done');
    expect(await billing.subscription(subscriptionId)).toMatchObject({ status: 'canceling' });
  });
});

describe('a change', () => {
  it('in a trial waits for its end, up or down', async () => {
    const userId = await billing.makePerson();
    const { subscriptionId } = await billing.opened(userId, 'premium', { trial: true });
    await changed(subscriptionId, { billingCycle: 'yearly' });
    await changed(subscriptionId, { planId: 'creator' });
    const statuses = (await billing.changesOf(subscriptionId)).map(({ status }) => status);
    expect(statuses).toEqual(['replaced', 'scheduled']);
    const { trialEnd } = await billing.subscription(subscriptionId);
    const preview = await previewChange(database.db, { userId, planId: 'creator' }, TERMS);
    expect(preview).toMatchObject({ when: 'at_period_end', nextAmountMinor: 999, nextAt: trialEnd });
  });

  it.each([
    ['past_due', 'subscription_past_due'],
    ['canceling', 'subscription_canceling'],
    ['pending_payment', 'payment_pending'],
  ])('while %s: %s', async (status, code) => {
    const { subscriptionId } = await billing.paid('creator');
    await database.sql`UPDATE subscriptions SET status = ${status} WHERE id = ${subscriptionId}`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe(code);
  });

  it('to an unknown plan, and to one that is withdrawn', async () => {
    const { subscriptionId } = await billing.paid('creator');
    expect(codeOf(await change(subscriptionId, { planId: 'gold' }))).toBe('plan_not_found');
    await database.sql`UPDATE plans SET offered = false WHERE id = 'premium'`;
    expect(codeOf(await change(subscriptionId, { planId: 'premium' }))).toBe('plan_not_offered');
    await database.sql`UPDATE plans SET offered = true WHERE id = 'premium'`;
  });

  it('of somebody without a subscription: subscription_not_found', async () => {
    const userId = await billing.makePerson();
    const preview = await previewChange(database.db, { userId, planId: 'premium' }, TERMS);
    expect(preview).toMatchObject({ refused: { code: 'subscription_not_found' } });
  });
});
