import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { askAttempt } from '../../db/subscriptions/attempts/ask.ts';
import { ownDatabase, type Story, storyOn } from '../marketplace/verbs.ts';
import { captured, DAY_MS, failed, type Subscriptions, subscriptionsOn, termsAt } from './paid-rows.ts';

// A refund that ends the subscription is under way: nothing is charged until it has ended.

const database = await ownDatabase();
const { db, sql } = database;
let story: Subscriptions;
let admin: Story['admin'];

beforeAll(async () => {
  story = subscriptionsOn(database);
  ({ admin } = await storyOn(database));
});

const later = (from: Date, ms: number) => new Date(from.getTime() + ms);

/** A refund of all that is left of an invoice is under way. */
async function refund(invoiceId: string, at?: Date) {
  const of = { kind: 'invoice', id: invoiceId } as const;
  const act = { actor: admin.id, reason: 'they asked nicely' };
  const { id } = await db.transaction((tx) => refundAsOperator(tx, { of, ...act }, story.purchases(at)));
  return {
    fails: () => failRefund(db, id, { message: 'no' }, story.purchases(at)),
    succeeds: () => settleRefund(db, id, { providerRefundId: id }, story.purchases(at)),
  };
}

/** Its period is over since an hour, and its renewal is to be asked for. */
async function renewing() {
  const paid = await story.paid();
  const { currentPeriodEnd } = await story.subscription(paid.id);
  const at = later(currentPeriodEnd!, DAY_MS / 24);
  const step = await advance(db, paid.id, termsAt(at));
  if (step.kind !== 'ask') throw new Error(`it is at ${step.kind}`);
  return { ...paid, at, renewal: step.attemptId, end: currentPeriodEnd! };
}

const invoicesOf = async (id: string) =>
  (
    await sql<{ reason: string; status: string }[]>`
      SELECT reason, status FROM invoices WHERE subscription_id = ${id} ORDER BY reason = 'first' DESC, status DESC`
  ).map(({ reason, status }) => `${reason} ${status}`);

describe('while a refund is under way that ends the subscription', () => {
  test('a renewal that was not asked for is not: it is void, and fails the refund, another is charged', async () => {
    const { id, invoiceId, at, renewal } = await renewing();
    const { fails } = await refund(invoiceId, at);
    expect(await askAttempt(db, renewal, termsAt(at))).toBeNull();
    expect(await advance(db, id, termsAt(at))).toMatchObject({
      kind: 'wait',
      summary: 'Waits for a refund that ends it',
    });
    expect(await story.attempt(renewal)).toMatchObject({ status: 'failed', askedAt: null });
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal void']);
    await fails();
    const again = await advance(db, id, termsAt(at));
    expect(again).toMatchObject({ kind: 'ask' });
    expect(again).not.toMatchObject({ attemptId: renewal });
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal void', 'renewal open']);
    expect(await story.subscription(id)).toMatchObject({ status: 'active', dunningSince: null });
  });

  test('a renewal that was not asked for is not: succeeds the refund, it has expired', async () => {
    const { id, invoiceId, at, renewal } = await renewing();
    const { succeeds } = await refund(invoiceId, at);
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'ended' });
    expect(await story.attempt(renewal)).toMatchObject({ status: 'failed', askedAt: null });
    expect(await invoicesOf(id)).toEqual(['first refunded', 'renewal void']);
  });

  test('a renewal that the PSP never answered is ended there, and not asked for again', async () => {
    const { id, invoiceId, at, renewal } = await renewing();
    expect(await askAttempt(db, renewal, termsAt(at))).not.toBeNull();
    const { fails } = await refund(invoiceId, at);
    expect(await askAttempt(db, renewal, termsAt(at))).toBeNull();
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'end', attemptId: renewal });
    await story.settle(renewal, failed('none', { decline: null }), at);
    expect(await invoicesOf(id)).toEqual(['first paid', 'renewal void']);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
    await fails();
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'ask' });
  });

  test('a renewal that the PSP carried out all the same is paid, and no refund of the month before ends it', async () => {
    const { id, invoiceId, at, renewal } = await renewing();
    await askAttempt(db, renewal, termsAt(at));
    const { succeeds } = await refund(invoiceId, at);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'end' });
    expect(await story.settle(renewal, captured(999), at)).toMatchObject({ outcome: 'paid' });
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    expect(await invoicesOf(id)).toEqual(['first refunded', 'renewal paid']);
  });

  test('a renewal that its bank refuses is no reason to dun', async () => {
    const { id, invoiceId, userId, at, renewal } = await renewing();
    await sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'processing' WHERE id = ${renewal}`;
    const { succeeds } = await refund(invoiceId, at);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
    await story.settle(renewal, failed(), at);
    expect(await story.subscription(id)).toMatchObject({ status: 'active', dunningSince: null });
    expect(await story.mailsTo(userId, 'payment_failed')).toEqual([]);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'wait' });
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
    expect(await invoicesOf(id)).toEqual(['first refunded', 'renewal void']);
  });

  test('beyond the grace nothing is charged either, and its success ends it', async () => {
    const { id, invoiceId } = await story.paid();
    const { succeeds } = await refund(invoiceId);
    const { currentPeriodEnd } = await story.subscription(id);
    const at = later(currentPeriodEnd!, 10 * DAY_MS);
    expect(await advance(db, id, termsAt(at))).toMatchObject({
      kind: 'wait',
      summary: 'Waits for a refund that ends it',
    });
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'expired', endReason: 'refunded' });
    expect(await invoicesOf(id)).toEqual(['first refunded']);
  });

  test('a change that waits for its money is given up, and what it brings goes back', async () => {
    const { id, invoiceId, userId } = await story.paid();
    const change = await story.change(id, 'premium', 'monthly', new Date());
    await sql`UPDATE invoice_payments SET asked_at = now(), provider_status = 'processing'
      WHERE id = ${change.invoiceId}`;
    const { succeeds } = await refund(invoiceId);
    expect(await invoicesOf(id)).toEqual(['first paid', 'change void']);
    expect(await story.changeOf(change.changeId)).toMatchObject({ status: 'failed' });
    expect(await story.mailsTo(userId, 'change_failed')).toHaveLength(1);
    expect(await advance(db, id, termsAt())).toMatchObject({ kind: 'end', attemptId: change.invoiceId });
    const late = await story.settle(change.invoiceId, captured(change.amountMinor));
    expect(late).toMatchObject({ outcome: 'given_back' });
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'expired' });
  });

  test('a change that was not asked for is not, and its wish may be said again once the refund has failed', async () => {
    const { id, invoiceId } = await story.paid();
    const change = await story.change(id, 'premium', 'monthly', new Date());
    const { fails } = await refund(invoiceId);
    expect(await askAttempt(db, change.invoiceId, termsAt())).toBeNull();
    expect(await story.attempt(change.invoiceId)).toMatchObject({ status: 'failed', askedAt: null });
    await fails();
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
    await story.change(id, 'premium', 'monthly', new Date());
    expect(await invoicesOf(id)).toEqual(['first paid', 'change void', 'change open']);
  });
});

describe('a refund that ends nothing', () => {
  test('of what an upgrade took its credit from holds up neither the renewal nor a change', async () => {
    const { id, invoiceId } = await story.paid();
    const first = await story.change(id, 'premium', 'monthly', new Date());
    await story.settle(first.invoiceId, captured(first.amountMinor));
    const toYears = await story.change(id, 'premium', 'yearly', new Date());
    const { succeeds } = await refund(invoiceId);
    expect(await story.invoice(toYears.invoiceId)).toMatchObject({ status: 'open' });
    expect(await advance(db, id, termsAt())).toMatchObject({ kind: 'ask', attemptId: toYears.invoiceId });
    await story.settle(toYears.invoiceId, failed());
    const { currentPeriodEnd } = await story.subscription(id);
    const at = later(currentPeriodEnd!, DAY_MS / 24);
    expect(await advance(db, id, termsAt(at))).toMatchObject({ kind: 'ask' });
    await succeeds();
    expect(await story.subscription(id)).toMatchObject({ status: 'active' });
  });

  test('in part leaves a change as it is', async () => {
    const { id, invoiceId } = await story.paid();
    const change = await story.change(id, 'premium', 'monthly', new Date());
    const of = { kind: 'invoice', id: invoiceId } as const;
    const act = { actor: admin.id, reason: 'they asked nicely' };
    await db.transaction((tx) => refundAsOperator(tx, { of, amount: 1, ...act }, story.purchases()));
    expect(await askAttempt(db, change.invoiceId, termsAt())).not.toBeNull();
  });
});

test('and the books agree with all of it', async () => {
  const checked = await checkBooks(db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});
