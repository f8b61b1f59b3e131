import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { ledgerEntries } from '../../db/ledger/index.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import { askRefund } from '../../db/marketplace/refunds/ask.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { returnRefund } from '../../db/marketplace/refunds/return.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { askAttempt } from '../../db/subscriptions/attempts/ask.ts';
import { lockSubscription } from '../../db/subscriptions/lock.ts';
import { reactivateSubscription } from '../../db/subscriptions/reactivate.ts';
import { recogniseRevenue } from '../../db/subscriptions/invoices/recognise.ts';
import { ownDatabase, type Story, storyOn } from '../marketplace/verbs.ts';
import { captured, DAY_MS, failed, type Subscriptions, subscriptionsOn, termsAt } from './paid-rows.ts';

const database = await ownDatabase();
const { db, sql } = database;
let story: Subscriptions;
let admin: Story['admin'];

beforeAll(async () => {
  story = subscriptionsOn(database);
  ({ admin } = await storyOn(database));
});

const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

async function open(invoiceId: string, part: { amount?: number; endAccess?: boolean } = {}, at?: Date) {
  const of = { kind: 'invoice', id: invoiceId } as const;
  const act = { actor: admin.id, reason: 'they asked nicely' };
  return db.transaction((tx) => refundAsOperator(tx, { of, ...part, ...act }, story.purchases(at)));
}

async function refund(invoiceId: string, part: { amount?: number; endAccess?: boolean } = {}, at?: Date) {
  const { id } = await open(invoiceId, part, at);
  const settled = await settleRefund(db, id, { providerRefundId: id }, story.purchases(at));
  return { id, settled };
}

const postedFor = async (refundId: string) =>
  Object.fromEntries(
    (
      await db
        .select({ account: ledgerEntries.account, amountMinor: ledgerEntries.amountMinor })
        .from(ledgerEntries)
        .where(and(eq(ledgerEntries.ofKind, 'refund'), eq(ledgerEntries.ofId, refundId)))
        .orderBy(ledgerEntries.id)
    ).map(({ account, amountMinor }) => [account, amountMinor]),
  );

/** Recognises all that is due at a moment. */
async function recogniseAt(at: Date) {
  let after: string | null = null;
  do {
    after = (await recogniseRevenue(db, { after, limit: 2 }, termsAt(at))).nextAfter;
  } while (after !== null);
}

describe('refund', () => {
  test('full: of the effective payment: expired once it succeeds, with a credit note in its own series', async () => {
    const { id, invoiceId, userId } = await story.paid();
    const { id: refundId } = await open(invoiceId);
    expect(await askRefund(db, refundId, story.purchases())).toMatchObject({ paymentId: invoiceId });
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    await expect(open(invoiceId)).rejects.toMatchObject({ code: 'refund_already_requested' });
    const settle = () => settleRefund(db, refundId, { providerRefundId: refundId }, story.purchases());
    expect(await settle()).toMatchObject({
      ended: { subscriptionId: id, planId: 'creator', status: 'expired', amountMinor: 999 },
    });
    expect(await settle()).toMatchObject({ isRepeat: true });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'refunded', refundedMinor: 999 });
    const [note, ...others] = await story.creditNotesOf(invoiceId);
    expect(others).toEqual([]);
    expect(note).toMatchObject({ refundId, amountMinor: 999 });
    expect(note!.number).toMatch(/^VZ-CN-\d{4}-\d{6}$/);
    expect(await postedFor(refundId)).toEqual({ 'cash:psp': -999, 'platform:deferred': 999 });
    expect(await story.mailsTo(userId)).toContain('subscription_expired');
    expect(await story.mailsTo(userId, 'invoice_refunded')).toHaveLength(1);
  });

  test('full, while a renewal is open: it is void, and its charge is ended', async () => {
    const { id, invoiceId } = await story.paid();
    const renewal = await story.renew(id);
    await sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${renewal}`;
    await refund(invoiceId);
    expect(await story.invoice(renewal)).toMatchObject({ status: 'void' });
    expect((await story.attempt(renewal)).endRequestedAt).not.toBeNull();
    expect((await story.subscription(id)).nextDueAt).not.toBeNull();
    // What succeeds all the same goes back.
    expect(await story.settle(renewal, captured(999))).toMatchObject({ outcome: 'given_back' });
  });

  test('partial: access and renewals go on; the rest later ends it', async () => {
    const { id, invoiceId } = await story.paid();
    await refund(invoiceId, { amount: 400 });
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await story.invoice(invoiceId)).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 400,
    });
    await expect(open(invoiceId, { amount: 600 })).rejects.toMatchObject({
      code: 'refund_amount_invalid',
      extra: { left_amount: 599 },
    });
    await refund(invoiceId);
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
    expect(await story.creditNotesOf(invoiceId)).toHaveLength(2);
  });

  test('partial with end_access: expired', async () => {
    const { id, invoiceId } = await story.paid();
    const { id: refundId } = await refund(invoiceId, { amount: 1, endAccess: true });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
    // What was not given back is earned: nothing is owed any more.
    expect(await postedFor(refundId)).toEqual({ 'cash:psp': -1, 'platform:deferred': 1 });
    expect(await story.schedule(invoiceId)).toMatchObject({ amountMinor: 998, recognisedMinor: 998 });
  });

  test('partial with end_access, pending at the end of the period: nothing is charged meanwhile', async () => {
    const { id, invoiceId } = await story.paid();
    const { id: refundId } = await open(invoiceId, { amount: 1, endAccess: true });
    const { currentPeriodEnd } = await story.subscription(id);
    const at = later(currentPeriodEnd!, DAY_MS / 24);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
    await settleRefund(db, refundId, { providerRefundId: refundId }, story.purchases(at));
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
  });

  test('of a second payment, which is given back: the renewal is charged at its time', async () => {
    const { id, invoiceId } = await story.subscribe();
    await story.settle(invoiceId, failed());
    await story.settle(await story.tryAgain(invoiceId), captured(999));
    expect(await story.settle(invoiceId, captured(999))).toMatchObject({ outcome: 'given_back' });
    const { currentPeriodEnd } = await story.subscription(id);
    const step = await advance(db, id, termsAt(later(currentPeriodEnd!, DAY_MS / 24)));
    expect(step).toMatchObject({ kind: 'ask' });
  });

  test('old: of another invoice than the effective one: no effect, out of revenue', async () => {
    const { id, invoiceId } = await story.paid();
    const { currentPeriodEnd } = await story.subscription(id);
    const at = later(currentPeriodEnd!, DAY_MS);
    const renewal = await story.renew(id);
    await story.settle(renewal, captured(999), at);
    await recogniseAt(at);
    const { id: refundId } = await refund(invoiceId, {}, at);
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'refunded' });
    expect(await postedFor(refundId)).toEqual({ 'cash:psp': -999, 'platform:revenue': 999 });
    expect(await story.schedule(renewal)).toMatchObject({ amountMinor: 999 });
  });

  test('external: made in the dashboard, the same; beyond its money it is a loss', async () => {
    const { id, invoiceId } = await story.paid();
    const of = { kind: 'invoice', id: invoiceId, paymentId: invoiceId } as const;
    const outside = { providerRefundId: uuidv7(), amountMinor: 1_200, currency: 'USD' };
    for (const _ of [1, 2]) await recordExternalRefund(db, of, outside, story.purchases());
    const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, invoiceId));
    expect(rows).toMatchObject([{ kind: 'external', excessMinor: 201, paymentId: null }]);
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
    expect(await postedFor(rows[0]!.id)).toEqual({
      'cash:psp': -1_200,
      'platform:deferred': 999,
      'platform:losses': 201,
    });
  });

  test('external, before its capture was known: the payment is asked for, taken, and the refund booked', async () => {
    const { id, invoiceId } = await story.subscribe();
    const of = { kind: 'invoice', id: invoiceId, paymentId: invoiceId } as const;
    const outside = { providerRefundId: uuidv7(), amountMinor: 100, currency: 'USD' };
    const record = (payment?: Parameters<typeof recordExternalRefund>[4]) =>
      recordExternalRefund(db, of, outside, story.purchases(), payment);
    expect(await record()).toMatchObject({ wantsPayment: true });
    await record(captured(999));
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await story.invoice(invoiceId)).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 100,
    });
  });

  test('that fails leaves everything as it was, and may be asked for again', async () => {
    const { id, invoiceId } = await story.paid();
    const refused = await open(invoiceId);
    await failRefund(db, refused.id, { message: 'no' }, story.purchases());
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    await refund(invoiceId);
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
  });

  test('that the bank sent back: the books are as before, and the dead row stays dead', async () => {
    const { id, invoiceId } = await story.paid();
    const { id: refundId } = await refund(invoiceId);
    const act = { refundId, actor: admin.id, reason: 'came back' };
    await db.transaction((tx) => returnRefund(tx, act, story.purchases()));
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
    expect(await story.schedule(invoiceId)).toMatchObject({ amountMinor: 999, recognisedMinor: 999 });
  });

  test.each([
    ['an open invoice', 'invoice_not_refundable'],
    ['a disputed one', 'invoice_disputed'],
  ])('of %s is refused', async (which, code) => {
    const { invoiceId } = which === 'an open invoice' ? await story.subscribe() : await story.paid();
    if (code === 'invoice_disputed') await dispute(invoiceId, 'open');
    await expect(open(invoiceId)).rejects.toMatchObject({ code });
  });
});

async function dispute(invoiceId: string, status: 'open' | 'lost' | 'won', paymentId = invoiceId, at?: Date) {
  const of = { kind: 'invoice', id: invoiceId, paymentId } as const;
  const news = { providerDisputeId: `dp_${invoiceId}`, amountMinor: 999, currency: 'USD', status };
  const saidAt = new Date(Date.now() + { open: 0, lost: 1_000, won: 2_000 }[status]).toISOString();
  return settleDispute(db, of, { ...news, saidAt }, story.purchases(at));
}

test('made elsewhere, in full, while a change waits for its money: expired, and its subscriber is told of both', async () => {
  const { id, invoiceId, userId } = await story.paid();
  const change = await story.change(id, 'premium', 'monthly', new Date());
  const outside = { providerRefundId: uuidv7(), amountMinor: 999, currency: 'USD' };
  const of = { kind: 'invoice', id: invoiceId, paymentId: invoiceId } as const;
  for (const _ of [1, 2]) await recordExternalRefund(db, of, outside, story.purchases());
  expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
  expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'failed' });
  expect(await story.mailsTo(userId, 'change_failed')).toHaveLength(1);
  expect(await story.mailsTo(userId, 'subscription_expired')).toHaveLength(1);
});

describe('dispute', () => {
  test('opened: canceling, and won: taken back', async () => {
    const { id, invoiceId, userId } = await story.paid();
    for (const _ of [1, 2]) await dispute(invoiceId, 'open');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'dispute' });
    for (const _ of [1, 2]) await dispute(invoiceId, 'won');
    expect(await story.subscription(id)).toMatchObject({ status: 'active', cancelCause: null });
    expect(await story.mailsTo(userId)).toEqual(
      expect.arrayContaining(['subscription_canceled', 'subscription_taken_back']),
    );
  });

  test('opened, of one that its person had cancelled: they take it back only once it is won', async () => {
    const { id, invoiceId } = await story.paid();
    await story.cancelAtEnd(id);
    const reactivate = () =>
      db.transaction(async (tx) => {
        const deed = { askId: uuidv7(), now: new Date(), terms: termsAt() };
        return reactivateSubscription(tx, await lockSubscription(tx, id), deed);
      });
    await dispute(invoiceId, 'open');
    expect(await reactivate()).toMatchObject({ refused: { code: 'not_reactivatable' } });
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'person' });
    await dispute(invoiceId, 'won');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'person' });
    expect(await reactivate()).toMatchObject({ done: {} });
    expect(await story.subscription(id)).toMatchObject({ status: 'active', cancelCause: null });
  });

  test('lost: a refund of kind dispute, and expired; won after all: the money is back, the row is dead', async () => {
    const { id, invoiceId } = await story.paid();
    await dispute(invoiceId, 'open');
    for (const _ of [1, 2]) await dispute(invoiceId, 'lost');
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'dispute_lost' });
    const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, invoiceId));
    expect(rows).toMatchObject([{ kind: 'dispute', status: 'succeeded', amountMinor: 999 }]);
    await dispute(invoiceId, 'won');
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
  });

  test('lost, of the payment that an upgrade is built upon: expired, the upgrade too', async () => {
    const { id, invoiceId } = await story.paid({ cycle: 'yearly' });
    const change = await story.change(id, 'premium', 'yearly', new Date());
    await story.settle(change.invoiceId, captured(change.amountMinor));
    await dispute(invoiceId, 'open');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling' });
    await dispute(invoiceId, 'lost');
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'dispute_lost' });
    // The difference is not given back: what it still owed in service is earned.
    expect(await story.invoice(change.invoiceId)).toMatchObject({ status: 'paid' });
  });

  test('lost in the third month, of the month whose credit paid a year in part: expired', async () => {
    const { id, invoiceId } = await story.paid();
    const change = await story.change(id, 'creator', 'yearly', new Date());
    await story.settle(change.invoiceId, captured(change.amountMinor));
    const at = later(new Date(), 70 * DAY_MS);
    await dispute(invoiceId, 'open', invoiceId, at);
    await dispute(invoiceId, 'lost', invoiceId, at);
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'dispute_lost' });
  });

  test('lost, of a period that is over: what is paid by other money runs out, and does not renew', async () => {
    const { id, invoiceId } = await story.paid();
    const at = later((await story.subscription(id)).currentPeriodEnd!, DAY_MS);
    await story.settle(await story.renew(id), captured(999), at);
    await dispute(invoiceId, 'open', invoiceId, at);
    await dispute(invoiceId, 'lost', invoiceId, at);
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'dispute' });
    expect(await story.invoice(invoiceId)).toMatchObject({ status: 'refunded' });
  });

  test('opened when past due: canceled, and the open invoice void', async () => {
    const { id, invoiceId } = await story.paid();
    const renewal = await story.renew(id);
    await story.settle(renewal, failed());
    await dispute(invoiceId, 'open');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceled', endReason: 'disputed' });
    expect(await story.invoice(renewal)).toMatchObject({ status: 'void' });
  });

  test('opened while a change is charged: the change is given up, which its subscriber is told, and its payment ended', async () => {
    const { id, invoiceId, userId } = await story.paid();
    const change = await story.change(id, 'premium', 'monthly', new Date());
    await sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${change.invoiceId}`;
    await dispute(invoiceId, 'open');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'dispute' });
    expect(await story.invoice(change.invoiceId)).toMatchObject({ status: 'void' });
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'failed' });
    expect(await story.mailsTo(userId, 'change_failed')).toHaveLength(1);
    expect((await story.attempt(change.invoiceId)).endRequestedAt).not.toBeNull();
    const late = await story.settle(change.invoiceId, captured(change.amountMinor));
    expect(late).toMatchObject({ outcome: 'given_back' });
  });

  test('opened while the PSP never answered a renewal: it is not asked for again; won: another is', async () => {
    const { id, invoiceId } = await story.paid();
    const at = later((await story.subscription(id)).currentPeriodEnd!, DAY_MS / 24);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'ask' });
    const attemptId = (
      await sql`SELECT id FROM invoices WHERE subscription_id = ${id} AND reason = 'renewal'`
    )[0]!.id as string;
    expect(await askAttempt(db, attemptId, termsAt(at))).not.toBeNull();
    await dispute(invoiceId, 'open');
    expect(await askAttempt(db, attemptId, termsAt(at))).toBeNull();
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'end', attemptId });
    await dispute(invoiceId, 'won');
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'end', attemptId });
    expect(await askAttempt(db, attemptId, termsAt(at))).toBeNull();
    await story.settle(attemptId, failed('none', { decline: null }), at);
    // Nobody refused it.
    expect(await story.subscription(id)).toMatchObject({ status: 'active', dunningSince: null });
    expect(await story.invoice(attemptId)).toMatchObject({ status: 'void' });
    const again = await advance(db, id, termsAt(at));
    expect(again).toMatchObject({ kind: 'ask' });
    expect(again).not.toMatchObject({ attemptId });
  });

  test('opened while a renewal was answered: a success runs to its period’s end', async () => {
    const { id, invoiceId } = await story.paid();
    const at = later((await story.subscription(id)).currentPeriodEnd!, DAY_MS / 24);
    const renewal = await story.renew(id);
    await sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'processing' WHERE id = ${renewal}`;
    await dispute(invoiceId, 'open');
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
    expect(await story.settle(renewal, captured(999), at)).toMatchObject({ outcome: 'paid' });
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling' });
  });

  test('whom a person cancelled: won does not take that back', async () => {
    const { id, invoiceId } = await story.paid();
    await story.cancelAtEnd(id);
    await dispute(invoiceId, 'open');
    await dispute(invoiceId, 'won');
    expect(await story.subscription(id)).toMatchObject({ status: 'canceling', cancelCause: 'person' });
  });

  test('of a payment that is given back: no effect on the subscription', async () => {
    const { id } = await story.paid();
    const invoiceId = await story.renew(id);
    await story.settle(invoiceId, failed());
    const second = await story.tryAgain(invoiceId);
    await story.settle(second, captured(999));
    await story.settle(invoiceId, captured(999));
    await dispute(invoiceId, 'open', invoiceId);
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    await dispute(invoiceId, 'lost', invoiceId);
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await story.attempt(invoiceId)).toMatchObject({ status: 'given_back' });
  });
});

test('beyond the grace: a renewal that the PSP never answered is flagged, and asked for again', async () => {
  const { id } = await story.paid();
  const { currentPeriodEnd } = await story.subscription(id);
  const renewal = await story.renew(id);
  await sql`UPDATE invoice_payments SET asked_at = now() WHERE id = ${renewal}`;
  const flagged = () =>
    sql`SELECT 1 FROM ops_flags WHERE subject = ${`subscription/${id}`} AND kind = 'renewal_unanswered'`;
  expect(await advance(db, id, termsAt(later(currentPeriodEnd!, 2 * DAY_MS)))).toMatchObject({ kind: 'ask' });
  expect(await flagged()).toEqual([]);
  expect(await advance(db, id, termsAt(later(currentPeriodEnd!, 4 * DAY_MS)))).toMatchObject({ kind: 'ask' });
  expect(await flagged()).toHaveLength(1);
});

test('and the books agree with all of it', async () => {
  const checked = await checkBooks(db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});
