import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { readVisibleRefund } from '../../api/marketplace/visible-refund.ts';
import { showRefund } from '../../api/marketplace/refund-view.ts';
import { checkBooks } from '../../db/invariants/index.ts';
import { ledgerEntries } from '../../db/ledger/index.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import { askRefund } from '../../db/marketplace/refunds/ask.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { missOrphan } from '../../db/marketplace/refunds/miss-orphan.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { returnRefund } from '../../db/marketplace/refunds/return.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { settleCancelledPayment } from '../../db/marketplace/refunds/settle-cancelled.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import type { Role } from '../../domain/accounts/index.ts';
import { refundPurchase } from '../../operations/marketplace/refund-purchase.ts';
import { openWithSql } from '../../sandbox/database.ts';
import {
  captured,
  failed,
  type Subscriptions,
  subscriptionsOn,
  termsAt,
} from '../subscriptions/paid-rows.ts';
import { ownDatabase, PURCHASES, type Story, storyOn } from './verbs.ts';

// Another kind of purchase than orders: invoices go through the same verbs, and those know nothing of them.

const database = await ownDatabase();
const { db, sql } = database;
/** A process that knows orders alone. */
const { invoice: _invoices, ...ORDERS } = PURCHASES;
let story: Story;
let billing: Subscriptions;

beforeAll(async () => {
  story = await storyOn(database);
  billing = subscriptionsOn(database);
});

async function paidInvoice() {
  const { invoiceId } = await billing.paid();
  return { kind: 'invoice', id: invoiceId } as const;
}

/** A renewal that was refused, paid by another attempt, and then by the first one after all. */
async function paidTwice() {
  const { id } = await billing.paid();
  const invoiceId = await billing.renew(id);
  await billing.settle(invoiceId, failed());
  const taken = await billing.tryAgain(invoiceId);
  await billing.settle(taken, captured(999));
  const { giveBack } = await billing.settle(invoiceId, captured(999));
  const own = { kind: 'invoice', id: invoiceId } as const;
  return { own, taken, twice: { ...own, paymentId: invoiceId }, backId: giveBack!.refundId };
}

const invoiceRow = ({ id }: { readonly id: string }) => billing.invoice(id);

async function opened(of: Awaited<ReturnType<typeof paidInvoice>>, amount?: number) {
  const act = { actor: story.admin.id, reason: 'paid twice' };
  return db.transaction((tx) =>
    refundAsOperator(tx, { of, ...act, ...(amount !== undefined && { amount }) }, PURCHASES),
  );
}

const postedFor = async (refundId: string) =>
  db
    .select({ account: ledgerEntries.account, amountMinor: ledgerEntries.amountMinor })
    .from(ledgerEntries)
    .where(eq(ledgerEntries.ofId, refundId))
    .orderBy(ledgerEntries.id);

const refundsOf = ({ id }: { readonly id: string }) =>
  db.select().from(refunds).where(eq(refunds.invoiceId, id)).orderBy(refunds.createdAt);

const flagsOf = async (subject: string) =>
  (
    await sql<{ kind: string; detail: string }[]>`
      SELECT kind, detail FROM ops_flags WHERE subject = ${subject} ORDER BY id`
  ).map(({ kind, detail }) => [kind, detail]);

describe('a refund of another kind of purchase', () => {
  test('is opened, asked with its own payment, settled once and booked by its own kind', async () => {
    const of = await paidInvoice();
    const refund = await opened(of, 500);
    expect(refund).toMatchObject({ orderId: null, invoiceId: of.id, amountMinor: 500, status: 'pending' });
    await expect(opened(of)).rejects.toMatchObject({ code: 'refund_already_requested' });
    expect(await askRefund(db, refund.id, PURCHASES)).toMatchObject({ kind: 'ask', paymentId: of.id });
    const nothing = { reversals: [], transfers: [] };
    const settle = () => settleRefund(db, refund.id, { providerRefundId: refund.id }, PURCHASES);
    expect(await settle()).toEqual(nothing);
    expect(await settle()).toEqual({ isRepeat: true, ...nothing });
    expect(await story.refundRow(refund.id)).toMatchObject({ status: 'succeeded', excessMinor: 0 });
    expect(await invoiceRow(of)).toMatchObject({ status: 'partially_refunded', refundedMinor: 500 });
    expect(await postedFor(refund.id)).toEqual([
      { account: 'cash:psp', amountMinor: -500 },
      { account: 'platform:deferred', amountMinor: 500 },
    ]);
    const [logged] = await sql`SELECT action, subject FROM audit_log WHERE subject = ${`invoice/${of.id}`}`;
    expect(logged).toMatchObject({ action: 'invoice.refund' });
  });

  test('that fails, or was never received, leaves it where it was', async () => {
    const of = await paidInvoice();
    const refused = await opened(of);
    expect(await failRefund(db, refused.id, { message: 'no' }, PURCHASES)).toEqual({ status: 'failed' });
    const orphan = await opened(of);
    expect(await missOrphan(db, orphan.id, 0, PURCHASES)).toBe('missed_once');
    expect(await missOrphan(db, orphan.id, 0, PURCHASES)).toBe('failed');
    expect(await invoiceRow(of)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect(await flagsOf(`refund/${orphan.id}`)).toEqual([
      ['orphan_failed', expect.stringContaining(`Invoice ${of.id} is back where it was`)],
    ]);
    expect(await postedFor(orphan.id)).toEqual([]);
  });

  test('that a bank sent back is reverted by a person, once', async () => {
    const of = await paidInvoice();
    const refund = await opened(of);
    await settleRefund(db, refund.id, { providerRefundId: refund.id }, PURCHASES);
    const act = { refundId: refund.id, actor: story.admin.id, reason: 'came back' };
    const returning = () => db.transaction((tx) => returnRefund(tx, act, PURCHASES));
    expect((await returning()).refund.status).toBe('returned');
    expect(await invoiceRow(of)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    await expect(returning()).rejects.toMatchObject({ code: 'refund_not_returnable' });
  });

  test("made in the PSP's dashboard in another currency is flagged, and not booked", async () => {
    const of = await paidInvoice();
    const other = { providerRefundId: uuidv7(), amountMinor: 100, currency: 'EUR' };
    await recordExternalRefund(db, of, other, PURCHASES);
    expect(await refundsOf(of)).toEqual([]);
    expect(await flagsOf(`invoice/${of.id}`)).toEqual([['outside_refund_unbooked', expect.any(String)]]);
  });

  test('a process without its store touches nothing of it', async () => {
    const of = await paidInvoice();
    const refund = await opened(of);
    await expect(settleRefund(db, refund.id, { providerRefundId: 'x' }, ORDERS)).rejects.toThrow(
      /no store for the purchase invoice/,
    );
    expect(await askRefund(db, refund.id, ORDERS)).toEqual({ kind: 'no_payment', of: 'invoice' });
    expect(await story.refundRow(refund.id)).toMatchObject({ status: 'pending', askedAt: null });
  });
});

describe('a second payment of a purchase, which was not taken', () => {
  const settle = (refundId: string, done?: { amountMinor: number; currency: string }) =>
    settleRefund(db, refundId, { providerRefundId: refundId, ...(done && { done }) }, PURCHASES);

  test('is given back on its own, beside an open refund of the purchase', async () => {
    const { own, taken, twice, backId } = await paidTwice();
    const asked = await opened(own, 500);
    const { id: invoiceId, paymentId } = twice;
    const again = { id: uuidv7(), invoiceId, paymentId, kind: 'payment_returned', amountMinor: 1 } as const;
    await expect(db.insert(refunds).values({ ...again, currency: 'USD' })).rejects.toMatchObject({
      cause: { constraint_name: 'refunds_one_open_per_payment' },
    });
    expect(await askRefund(db, backId, PURCHASES)).toMatchObject({ paymentId: twice.paymentId });
    expect(await askRefund(db, asked.id, PURCHASES)).toMatchObject({ paymentId: taken });
    await settle(backId);
    expect(await story.refundRow(backId)).toMatchObject({ status: 'succeeded', excessMinor: 0 });
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect(await postedFor(backId)).toEqual([
      { account: 'cash:psp', amountMinor: -999 },
      { account: 'suspense:invoice', amountMinor: 999 },
    ]);
    await settle(asked.id);
    expect(await invoiceRow(own)).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 500,
    });
    const act = { refundId: backId, actor: story.admin.id, reason: 'came back' };
    await expect(db.transaction((tx) => returnRefund(tx, act, PURCHASES))).rejects.toThrow(
      /never took this payment/,
    );
  });

  test('whose give-back fails is still held, whatever becomes of the other', async () => {
    const { own, backId } = await paidTwice();
    const asked = await opened(own);
    await failRefund(db, backId, { message: 'the card is closed' }, PURCHASES);
    expect(await flagsOf(`refund/${backId}`)).toEqual([
      ['give_back_failed', expect.stringContaining('still held')],
    ]);
    await failRefund(db, asked.id, { message: 'no' }, PURCHASES);
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect(await flagsOf(`refund/${asked.id}`)).toEqual([]);
  });

  test('of which the PSP gave back less holds the rest, and that alone', async () => {
    const { own, backId } = await paidTwice();
    await settle(backId, { amountMinor: 900, currency: 'USD' });
    expect(await flagsOf(`refund/${backId}`)).toEqual([
      ['amount_differs', expect.any(String)],
      ['give_back_failed', expect.stringContaining('0.99 USD')],
    ]);
    expect(await billing.attempt(own.id)).toMatchObject({ status: 'succeeded' });
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
  });

  test("is refunded in the PSP's dashboard without touching the purchase, and so is its own by name", async () => {
    const { own, taken, twice, backId } = await paidTwice();
    await failRefund(db, backId, { message: 'no' }, PURCHASES);
    const outside = { amountMinor: 1_200, currency: 'USD' };
    await recordExternalRefund(db, twice, { ...outside, providerRefundId: uuidv7() }, PURCHASES);
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    const byName = { ...own, paymentId: taken };
    const part = { amountMinor: 200, currency: 'USD', providerRefundId: uuidv7() };
    await recordExternalRefund(db, byName, part, PURCHASES);
    expect(await invoiceRow(own)).toMatchObject({ status: 'partially_refunded', refundedMinor: 200 });
    expect((await refundsOf(own)).filter(({ kind }) => kind === 'external')).toMatchObject([
      { paymentId: twice.paymentId, excessMinor: 201 },
      { paymentId: null, excessMinor: 0 },
    ]);
  });

  test('is cancelled at the PSP after its capture: its money is gone, once', async () => {
    const { own, twice, backId } = await paidTwice();
    await failRefund(db, backId, { message: 'it was cancelled' }, PURCHASES);
    for (const _ of [1, 2]) await settleCancelledPayment(db, twice, PURCHASES);
    expect((await refundsOf(own)).filter(({ kind }) => kind === 'external')).toMatchObject([
      { amountMinor: 999, paymentId: twice.paymentId },
    ]);
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
  });

  test('is disputed and lost: the purchase keeps its money', async () => {
    const { own, twice, backId } = await paidTwice();
    await failRefund(db, backId, { message: 'it is disputed' }, PURCHASES);
    const news = { providerDisputeId: `dp_${own.id}`, amountMinor: 999, currency: 'USD' };
    for (const status of ['open', 'lost'] as const)
      await settleDispute(db, twice, { ...news, status }, PURCHASES);
    expect(await invoiceRow(own)).toMatchObject({ status: 'paid', refundedMinor: 0 });
    expect((await refundsOf(own)).filter(({ kind }) => kind === 'dispute')).toMatchObject([
      { paymentId: twice.paymentId, amountMinor: 999 },
    ]);
    await settleDispute(db, twice, { ...news, status: 'won', stage: 'arbitration' }, PURCHASES);
    const [row] = await sql`SELECT payment_id, unbooked_why FROM disputes WHERE invoice_id = ${own.id}`;
    expect(row).toEqual({ payment_id: twice.paymentId, unbooked_why: 'suspended' });
  });
});

test('its refund is seen by who paid and by admins, and by nobody else', async () => {
  const { invoiceId, userId: payerId } = await billing.paid();
  const { id } = await opened({ kind: 'invoice', id: invoiceId }, 500);
  const see = (userId: string, role: Role) =>
    readVisibleRefund({ db, purchases: PURCHASES }, id, { userId, role });
  for (const [userId, role] of [
    [payerId, 'user'],
    [story.admin.id, 'admin'],
  ] as const)
    expect(showRefund(await see(userId, role))).toMatchObject({ order_id: null, invoice_id: invoiceId });
  for (const [userId, role] of [
    [uuidv7(), 'user'],
    [uuidv7(), 'moderator'],
  ] as const)
    await expect(see(userId, role)).rejects.toMatchObject({ code: 'refund_not_found' });
});

test("an operator's refund of it is weighed by what its own kind decides", async () => {
  const of = await paidInvoice();
  const operation = refundPurchase('invoice', { amount: 500, endAccess: true });
  const settings = {
    ...{ fourEyesAboveMinor: 1, billingTime: { scale: 1, startMs: 0 }, purchases: PURCHASES },
    ...{ billingTerms: termsAt(), deletionGraceMs: 0 },
  };
  const weighed = await db.transaction((tx) => operation.snapshot(tx, of.id, settings));
  expect(weighed).toEqual({ status: 'paid', money: { amountMinor: 500, currency: 'USD' } });
  const act = { actor: story.admin.id, reason: 'promised' };
  const { done, work } = await db.transaction((tx) => operation.act(tx, of.id, act, settings));
  expect(work).toMatchObject({ refundId: done.id, label: { purchase: of, amountMinor: 500 } });
  expect(done).toMatchObject({ endsAccess: true });
  expect(await db.transaction((tx) => operation.snapshot(tx, of.id, settings))).toMatchObject({
    money: null,
  });
});

test('a refund names another payment only of an invoice', async () => {
  const row = {
    id: uuidv7(),
    orderId: await story.pay(),
    amountMinor: 1,
    currency: 'EUR',
    paymentId: 'pay_x',
  };
  await expect(db.insert(refunds).values(row)).rejects.toMatchObject({
    cause: { constraint_name: 'refunds_other_payment_of_invoice' },
  });
});

test.each(['refunds', 'disputes'])('%s are of an invoice that is there', async (table) => {
  const made =
    table === 'refunds'
      ? sql`INSERT INTO refunds (id, invoice_id, amount_minor, currency) VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'USD')`
      : sql`INSERT INTO disputes (id, invoice_id, provider_dispute_id, amount_minor, currency, opened_at)
          VALUES (gen_random_uuid(), gen_random_uuid(), 'dp_nothing', 1, 'USD', now())`;
  await expect(made).rejects.toMatchObject({ constraint_name: `${table}_invoice_id_invoices_id_fk` });
});

test('after all of it the books agree', async () => {
  const checked = await checkBooks(db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});

test.each([
  ['of nothing', null, null],
  ['of two purchases', 'order', 'invoice'],
])('the database refuses a refund %s', async (_, order, invoice) => {
  const orderId = order && (await story.pay());
  const invoiceId = invoice && uuidv7();
  await expect(
    db.insert(refunds).values({ id: uuidv7(), orderId, invoiceId, amountMinor: 1, currency: 'EUR' }),
  ).rejects.toMatchObject({ cause: { constraint_name: 'refunds_of_one_purchase' } });
});

/** What each step sends to PostgreSQL for a refund of an order, at most. It may only fall. */
// Two of them are for a mail, when a refund is asked for and when it ends: its person's key, and its row.
const STATEMENTS_MAX = { open: 9, ask: 1, settle: 27, fail: 8 };

test('a refund of an order takes no more statements than it did', async () => {
  let sent = 0;
  const observer = {
    statement: () => {
      sent += 1;
      return () => undefined;
    },
    transaction: () => ({ begun: () => undefined, ended: () => undefined }),
  };
  const counted = openWithSql(database.url, { maxConnections: 2, observer });
  const own = await storyOn(counted);
  const count = async (act: () => Promise<unknown>) => {
    sent = 0;
    await act();
    return sent;
  };
  const [one, two] = [await own.complete(), await own.complete()];
  let refundId = '';
  const open = await count(async () => (refundId = await own.openRefund(one)));
  const ask = await count(() => askRefund(counted.db, refundId, PURCHASES));
  const settle = await count(() =>
    settleRefund(counted.db, refundId, { providerRefundId: refundId }, PURCHASES),
  );
  const failing = await own.openRefund(two);
  const fail = await count(() => failRefund(counted.db, failing, { message: 'no' }, PURCHASES));
  await counted.close();
  const now = { open, ask, settle, fail };
  for (const step of ['open', 'ask', 'settle', 'fail'] as const)
    expect(now[step], step).toBeLessThanOrEqual(STATEMENTS_MAX[step]);
});
