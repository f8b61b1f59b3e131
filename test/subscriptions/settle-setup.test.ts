import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { ledgerEntries } from '../../db/ledger/index.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { openAttempt } from '../../db/subscriptions/attempts/open.ts';
import { cardSetups, paymentMethods, subscriptions, trialUses } from '../../db/subscriptions/schema.ts';
import { endSubscription } from '../../db/subscriptions/end.ts';
import { lockSubscription } from '../../db/subscriptions/lock.ts';
import { endSetup } from '../../db/subscriptions/setups.ts';
import { settleSetup } from '../../db/subscriptions/settle-setup.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { captured, CARD, DAY_MS, failed, type Subscriptions, subscriptionsOn, termsAt } from './paid-rows.ts';

const database = await ownDatabase();
const { db } = database;
let story: Subscriptions;

beforeAll(() => {
  story = subscriptionsOn(database);
});

const cardOf = (name: string, fingerprint: string | null = null) => ({
  ...CARD,
  providerPaymentMethodId: `pm_${name}`,
  fingerprint,
});

/** What the PSP says of a set-up payment that succeeded, with an amount that it should never have. */
const put = (card: ReturnType<typeof cardOf> | null) => captured(999, { card });

async function setUp(subscriptionId: string, createdAt = new Date()): Promise<string> {
  const id = uuidv7();
  await db.insert(cardSetups).values({ id, subscriptionId, clientSecret: 'secret', createdAt });
  return id;
}

/** A set-up payment whose card is on file now. */
async function newCard(subscriptionId: string): Promise<string> {
  const setupId = await setUp(subscriptionId);
  const settled = await settleSetup(db, setupId, put(cardOf(setupId)), termsAt());
  expect(settled).toMatchObject({ outcome: 'kept' });
  return `pm_${setupId}`;
}

/** The PSP's id of the card on file; no other of its owner's is one. */
async function onFile(subscriptionId: string): Promise<string | undefined> {
  const { userId, paymentMethodId } = await story.subscription(subscriptionId);
  const cards = await db.select().from(paymentMethods).where(eq(paymentMethods.userId, userId));
  const present = cards.filter(({ replacedAt }) => replacedAt === null);
  expect(present.map(({ id }) => id)).toEqual([paymentMethodId]);
  return present[0]?.providerPaymentMethodId;
}

async function trial() {
  const userId = await story.person();
  const { id } = await story.subscribe({ planId: 'premium', userId });
  await db.transaction(async (tx) =>
    endSubscription(tx, await lockSubscription(tx, id), { to: 'expired', reason: 'unpaid', now: new Date() }),
  );
  const { priceId } = await story.subscription(id);
  const trialEnd = new Date(Date.now() + 14 * DAY_MS);
  const trialId = uuidv7();
  const row = { id: trialId, userId, priceId, status: 'trialing', trialEnd, createdAt: new Date() } as const;
  await db.insert(subscriptions).values(row);
  await db.insert(trialUses).values({ userId, emailHash: uuidv7(), usedAt: new Date() });
  return { id: trialId, userId };
}

test('set-up payment pays nothing: its card takes the place of the other, and no money moves', async () => {
  const { id, userId, invoiceId } = await story.paid();
  const before = await story.subscription(id);
  const setupId = await setUp(id);
  const settle = () => settleSetup(db, setupId, put(cardOf(setupId)), termsAt());
  expect(await settle()).toEqual({ outcome: 'kept', subscriptionId: id });
  expect(await settle()).toEqual({ outcome: 'already_decided', subscriptionId: id });
  const after = await story.subscription(id);
  expect(after).toMatchObject({ status: 'active', currentPeriodEnd: before.currentPeriodEnd });
  const cards = await db.select().from(paymentMethods).where(eq(paymentMethods.userId, userId));
  expect(cards.map((card) => [card.id === after.paymentMethodId, card.replacedAt === null])).toEqual(
    expect.arrayContaining([
      [true, true],
      [false, false],
    ]),
  );
  expect(await db.select().from(ledgerEntries).where(eq(ledgerEntries.rootId, setupId))).toEqual([]);
  expect(await db.select().from(ledgerEntries).where(eq(ledgerEntries.rootId, invoiceId))).toHaveLength(2);
});

test('when past due the new card is charged at once, but never beside an attempt under way', async () => {
  const { id } = await story.paid();
  const invoiceId = await story.renew(id);
  await story.settle(invoiceId, failed());
  const first = await setUp(id);
  await settleSetup(db, first, put(cardOf(first)), termsAt());
  const { paymentMethodId, nextDueAt } = await story.subscription(id);
  expect(await story.attempt(invoiceId, 2)).toMatchObject({
    status: 'pending',
    onSession: false,
    paymentMethodId,
  });
  expect(nextDueAt).not.toBeNull();
  const second = await setUp(id);
  await settleSetup(db, second, put(cardOf(second)), termsAt());
  expect(await story.attempt(invoiceId, 3)).toBeUndefined();
});

test('when past due a card that is given again is charged too, once the payment of its buyer is over', async () => {
  const { id } = await story.paid();
  const { currentPeriodEnd, paymentMethodId } = await story.subscription(id);
  const at = new Date(currentPeriodEnd!.getTime() + 60_000);
  const invoiceId = await story.renew(id);
  await story.settle(invoiceId, failed('stolen_card'), at);
  const invoice = await story.invoice(invoiceId);
  const waiting = await db.transaction((tx) => openAttempt(tx, invoice, { onSession: true }));
  await database.sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'requires_payment_method'
    WHERE id = ${waiting.id}`;
  await settleSetup(db, await setUp(id), put(cardOf(id)), termsAt(at));
  expect((await story.subscription(id)).paymentMethodId).toBe(paymentMethodId);
  expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'end', attemptId: waiting.id });
  await story.settle(waiting.id, failed('none', { decline: null }), at);
  expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'ask' });
  const third = await story.attempt(invoiceId, 3);
  expect(third).toMatchObject({ status: 'pending', onSession: false, paymentMethodId });
  // Once: where it is refused again, the schedule goes on.
  await story.settle(third.id, failed(), at);
  expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
  expect(await story.attempt(invoiceId, 4)).toBeUndefined();
});

test('that failed, or whose card cannot be charged later, changes nothing', async () => {
  const { id } = await story.paid();
  const before = await story.subscription(id);
  const [one, other] = [await setUp(id), await setUp(id)];
  expect(await settleSetup(db, one, failed(), termsAt())).toMatchObject({ outcome: 'failed' });
  expect(await settleSetup(db, other, put(null), termsAt())).toMatchObject({ outcome: 'not_kept' });
  expect(await story.subscription(id)).toEqual(before);
});

test('that failed first, or was given up, and then succeeded: its card is on file, once', async () => {
  const { id } = await story.paid();
  await story.settle(await story.renew(id), failed('stolen_card'));
  const setupId = await setUp(id);
  const settle = (report: ReturnType<typeof failed>) => settleSetup(db, setupId, report, termsAt());
  expect(await settle(failed())).toMatchObject({ outcome: 'failed' });
  expect(await settle(failed())).toMatchObject({ outcome: 'already_decided' });
  const card = cardOf(setupId);
  expect(await settle(put(card))).toMatchObject({ outcome: 'kept' });
  expect(await onFile(id)).toBe(card.providerPaymentMethodId);
  const attempts = () => database.sql`SELECT FROM invoice_payments attempt
    JOIN invoices ON invoices.id = attempt.invoice_id WHERE subscription_id = ${id} AND reason = 'renewal'`;
  expect(await attempts()).toHaveLength(2);
  for (const report of [failed(), put(card)])
    expect(await settle(report)).toMatchObject({ outcome: 'already_decided' });
  expect(await attempts()).toHaveLength(2);
  const givenUp = await setUp(id);
  await db.transaction((tx) => endSetup(tx, givenUp));
  expect(await settleSetup(db, givenUp, put(cardOf(givenUp)), termsAt())).toMatchObject({
    outcome: 'kept',
  });
  expect(await onFile(id)).toBe(`pm_${givenUp}`);
});

test('of a dead subscription keeps no card', async () => {
  const { id } = await story.paid();
  await db.transaction(async (tx) =>
    endSubscription(tx, await lockSubscription(tx, id), {
      to: 'expired',
      reason: 'refunded',
      now: new Date(),
    }),
  );
  const setupId = await setUp(id);
  expect(await settleSetup(db, setupId, put(cardOf(setupId)), termsAt())).toMatchObject({
    outcome: 'not_kept',
  });
});

test('trial: same card as another trial had: this one ends, and the first goes on', async () => {
  const [first, second] = [await trial(), await trial()];
  const fingerprint = 'fp-1234567890123456';
  const [ofFirst, ofSecond] = [await setUp(first.id), await setUp(second.id)];
  const kept = await settleSetup(db, ofFirst, put(cardOf(ofFirst, fingerprint)), termsAt());
  expect(kept).toMatchObject({ outcome: 'kept' });
  const ended = await settleSetup(db, ofSecond, put(cardOf(ofSecond, fingerprint)), termsAt());
  expect(ended).toMatchObject({ outcome: 'trial_ended' });
  expect(await story.subscription(first.id)).toMatchObject({ status: 'trialing' });
  expect(await story.subscription(second.id)).toMatchObject({ status: 'expired', endReason: 'trial_used' });
  expect(await story.mailsTo(second.userId, 'trial_over')).toHaveLength(1);
});

test.each([
  ['first', 0],
  ['second', 1],
  ['third', 2],
])('trial: the %s card of a trial ends another that it is given to', async (_, nth) => {
  const [first, second] = [await trial(), await trial()];
  const cards = ['fp-a', 'fp-b', 'fp-c'].map((name) => `${name}-${nth}-${'1'.repeat(16)}`);
  const give = async (id: string, fingerprint: string) => {
    const setupId = await setUp(id);
    return (await settleSetup(db, setupId, put(cardOf(setupId, fingerprint)), termsAt())).outcome;
  };
  for (const card of [...cards, ...cards]) expect(await give(first.id, card)).toBe('kept');
  const own = 'fp-own' + nth;
  expect(await give(second.id, own)).toBe('kept');
  expect(await give(second.id, cards[nth]!)).toBe('trial_ended');
  expect(await story.subscription(first.id)).toMatchObject({ status: 'trialing' });
  expect(await story.subscription(second.id)).toMatchObject({ status: 'expired', endReason: 'trial_used' });
});

test('trial: a card that is given after it had no trial', async () => {
  const [first, second] = [await trial(), await trial()];
  const fingerprint = 'fp-after-1234567890';
  await db.update(subscriptions).set({ status: 'past_due' }).where(eq(subscriptions.id, first.id));
  for (const { id } of [first, second]) {
    const setupId = await setUp(id);
    const settled = await settleSetup(db, setupId, put(cardOf(setupId, fingerprint)), termsAt());
    expect(settled.outcome).toBe('kept');
  }
});

describe('the card that its person gave last stays, after a late success of', () => {
  const oldCard = (id: string) => ({ ...CARD, providerPaymentMethodId: `pm_${id}` });

  test('a renewal that was charged to the card before', async () => {
    const { id } = await story.paid();
    const invoiceId = await story.renew(id);
    const given = await newCard(id);
    expect(await story.settle(invoiceId, captured(999, { card: oldCard(id) }))).toMatchObject({
      outcome: 'paid',
    });
    expect(await onFile(id)).toBe(given);
  });

  test('a refused renewal, which the PSP says later was charged to the card before', async () => {
    const { id } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed());
    const given = await newCard(id);
    expect(await story.settle(invoiceId, captured(999, { card: oldCard(id) }))).toMatchObject({
      outcome: 'paid',
    });
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await onFile(id)).toBe(given);
  });

  test('a payment of a buyer who was there before', async () => {
    const { id } = await story.paid();
    const { invoiceId, amountMinor } = await story.change(id, 'premium', 'monthly', new Date());
    await story.settle(invoiceId, failed('requires_customer_action'));
    const pay = await db.transaction(async (tx) =>
      openAttempt(tx, await story.invoice(invoiceId), { onSession: true }),
    );
    const given = await newCard(id);
    expect(await story.settle(pay.id, captured(amountMinor, { card: cardOf(pay.id) }))).toMatchObject({
      outcome: 'paid',
    });
    expect(await onFile(id)).toBe(given);
  });

  test('a set-up payment that was begun before', async () => {
    const { id } = await story.paid();
    const before = await setUp(id, new Date(Date.now() - 1000));
    const given = await newCard(id);
    expect(await settleSetup(db, before, put(cardOf(before)), termsAt())).toMatchObject({
      outcome: 'not_kept',
    });
    expect(await onFile(id)).toBe(given);
  });

  test('a set-up payment that was begun before the buyer paid by another card', async () => {
    const { id } = await story.paid();
    const before = await setUp(id);
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed('stolen_card'));
    const pay = await db.transaction(async (tx) =>
      openAttempt(tx, await story.invoice(invoiceId), { onSession: true }),
    );
    const card = cardOf(pay.id);
    await story.settle(pay.id, captured(999, { card }));
    await settleSetup(db, before, put(cardOf(before)), termsAt());
    expect(await onFile(id)).toBe(card.providerPaymentMethodId);
  });
});

describe('a set-up payment that the PSP does not answer', () => {
  const asked = (id: string, ago = '2 minutes') =>
    database.sql`INSERT INTO card_setups (id, subscription_id, asked_at, created_at)
      VALUES (${uuidv7()}, ${id}, now() - ${ago}::interval, now() - ${ago}::interval)`;

  test('does not hold up the renewal', async () => {
    const { id } = await story.paid();
    await asked(id);
    const { currentPeriodEnd } = await story.subscription(id);
    expect(await advance(db, id, termsAt())).toMatchObject({
      kind: 'set_up',
      shown: { status: 'waiting_for_psp' },
    });
    const step = await advance(db, id, termsAt(new Date(currentPeriodEnd!.getTime() + 1)));
    expect(step).toMatchObject({ kind: 'ask' });
  });

  test('does not hold up the end of what was cancelled, nor of a trial', async () => {
    const { id } = await story.paid();
    await story.cancelAtEnd(id);
    const onTrial = await trial();
    const { currentPeriodEnd } = await story.subscription(id);
    for (const one of [id, onTrial.id]) await asked(one);
    const overAt = (at: Date) => termsAt(new Date(at.getTime() + 1));
    expect(await advance(db, id, overAt(currentPeriodEnd!))).toMatchObject({ kind: 'ended' });
    expect(await story.subscription(id)).toMatchObject({ status: 'canceled' });
    const { trialEnd } = await story.subscription(onTrial.id);
    expect(await advance(db, onTrial.id, overAt(trialEnd!))).toMatchObject({ kind: 'ended' });
    expect(await story.subscription(onTrial.id)).toMatchObject({ endReason: 'trial_without_card' });
  });

  test('is found by a sweep when something else is due, and given up after the time to pay', async () => {
    const { id } = await story.paid();
    await asked(id);
    const { currentPeriodEnd } = await story.subscription(id);
    const shortly = () => termsAt(new Date(currentPeriodEnd!.getTime() - 60_000));
    expect(await advance(db, id, shortly())).toMatchObject({ kind: 'set_up' });
    expect((await story.subscription(id)).nextDueAt).toEqual(currentPeriodEnd);
    // By those terms billing time runs twice as fast.
    await database.sql`UPDATE card_setups SET created_at = now() - interval '13 hours' WHERE subscription_id = ${id}`;
    expect(await advance(db, id, shortly())).toMatchObject({ kind: 'wait' });
    const [setup] = await db.select().from(cardSetups).where(eq(cardSetups.subscriptionId, id));
    expect(setup).toMatchObject({ endedAt: expect.any(Date) as Date, clientSecret: null });
  });
});

test('and the books agree with all of it', async () => {
  const checked = await checkBooks(db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});
