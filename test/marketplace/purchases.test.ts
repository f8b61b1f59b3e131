import { eq, sql as raw } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Tx } from '../../db/client.ts';
import { readVisibleRefund } from '../../api/marketplace/visible-refund.ts';
import { showRefund } from '../../api/marketplace/refund-view.ts';
import { openRefunds } from '../../db/invariants/04-open-refunds.ts';
import { MissingRow } from '../../db/kernel/index.ts';
import { ledgerEntries, post } from '../../db/ledger/index.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import type { Purchase, Purchases, PurchaseStore } from '../../db/marketplace/purchase.ts';
import { askRefund } from '../../db/marketplace/refunds/ask.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { missOrphan } from '../../db/marketplace/refunds/miss-orphan.ts';
import { recordExternalRefund, settleOutside } from '../../db/marketplace/refunds/record-external-refund.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { returnRefund } from '../../db/marketplace/refunds/return.ts';
import { type Refund, refunds } from '../../db/marketplace/refunds/schema.ts';
import { settleCancelledPayment } from '../../db/marketplace/refunds/settle-cancelled.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import type { Role } from '../../domain/accounts/index.ts';
import { entry } from '../../domain/ledger/entries.ts';
import { refundPurchase } from '../../operations/marketplace/refund-purchase.ts';
import { openWithSql } from '../../sandbox/database.ts';
import { ownDatabase, PURCHASES, type Story, storyOn } from './verbs.ts';

// Another kind of purchase than orders, kept in a table that this file makes: it goes through the same verbs, and they
// know nothing of it.

interface Bill {
  readonly id: string;
  readonly status: string;
  readonly payment_id: string;
  readonly paid_minor: number;
  readonly refunded_minor: number;
}

/** A payment that came for a bill which had its money already: it is held for its payer. */
interface Twice {
  readonly payment_id: string;
  readonly received_minor: number;
  readonly refunded_minor: number;
}

const database = await ownDatabase();
const { db, sql } = database;
let story: Story;

async function change(tx: Tx, bill: Bill, status: string, refundedMinor = bill.refunded_minor) {
  await tx.execute(
    raw`UPDATE bills SET status = ${status}, refunded_minor = ${refundedMinor} WHERE id = ${bill.id}`,
  );
}

const resting = (refundedMinor: number, { paid_minor }: Bill) =>
  refundedMinor === 0 ? 'paid' : refundedMinor === paid_minor ? 'refunded' : 'partially_refunded';

function purchaseOfBill(bill: Bill): Purchase {
  const move = async (tx: Tx, refund: Refund, byMinor: number) => {
    const [row] = await tx.execute<{ refunded_minor: number }>(
      raw`SELECT refunded_minor FROM bills WHERE id = ${bill.id}`,
    );
    const refundedMinor = row!.refunded_minor + byMinor;
    await change(tx, bill, resting(refundedMinor, bill), refundedMinor);
    const kind = byMinor > 0 ? 'refund_succeeded' : 'refund_returned';
    const of = { kind: 'refund', id: refund.id } as const;
    await post(tx, { kind, currency: 'EUR', of, root: of }, [
      entry('cash:psp', -byMinor),
      entry('platform:revenue', byMinor),
    ]);
  };
  return {
    ...namesOf(bill),
    paymentId: null,
    capturedMinor: bill.paid_minor,
    refundedMinor: bill.refunded_minor,
    isSuspended: false,
    hasOpenRefund: bill.status === 'refund_pending',
    decideRefund: async (_tx, { amount, endAccess }) => {
      if (bill.status === 'refund_pending')
        return { refusal: { code: 'refund_already_requested', detail: 'One is open.' } };
      const amountMinor = typeof amount === 'number' ? amount : bill.paid_minor - bill.refunded_minor;
      return { plan: { amountMinor, allocations: [], byItems: false, endsAccess: endAccess === true } };
    },
    refundOpened: (tx) => change(tx, bill, 'refund_pending'),
    refundFailed: (tx) => change(tx, bill, resting(bill.refunded_minor, bill)),
    hold: async (_tx, { amountMinor }) => Math.max(amountMinor - (bill.paid_minor - bill.refunded_minor), 0),
    excessOf: async (_tx, refund) => refund.excessMinor,
    async settle(tx, refund) {
      await move(tx, refund, refund.amountMinor - refund.excessMinor);
      return { reversals: [], transfers: [] };
    },
    async bringBack(tx, refund) {
      await move(tx, refund, refund.excessMinor - refund.amountMinor);
      return [];
    },
    settleCancelled: async () => null,
    async disputeSettled(tx, { status }) {
      await tx.execute(raw`UPDATE bills SET disputed = ${status === 'open'} WHERE id = ${bill.id}`);
      return [];
    },
  };
}

const namesOf = ({ id, status }: Bill) => ({
  kind: 'invoice' as const,
  id,
  title: `Bill ${id}`,
  workflowId: `bill/${id}`,
  status,
  currency: 'EUR',
  capturedCurrency: 'EUR',
  isUnpaid: false,
  holdAgain: async () => undefined,
  takeLate: async () => null,
});

/** The bill by a payment that it did not take: nothing that becomes of that changes the bill. */
function purchaseOfTwice(bill: Bill, { payment_id, received_minor, refunded_minor }: Twice): Purchase {
  const heldMinor = received_minor - refunded_minor;
  const purchase: Purchase = {
    ...namesOf(bill),
    paymentId: payment_id,
    capturedMinor: received_minor,
    refundedMinor: refunded_minor,
    isSuspended: true,
    hasOpenRefund: false,
    decideRefund: async () => ({ refusal: { code: 'order_not_refundable', detail: 'It was never taken.' } }),
    refundOpened: async () => undefined,
    refundFailed: async () => undefined,
    hold: async (_tx, { amountMinor }) => Math.max(amountMinor - heldMinor, 0),
    excessOf: async (_tx, _refund, done) => Math.max(done.amountMinor - heldMinor, 0),
    async settle(tx, refund) {
      const leftMinor = refund.amountMinor - refund.excessMinor;
      await tx.execute(
        raw`UPDATE payments_of_bills SET refunded_minor = refunded_minor + ${leftMinor} WHERE payment_id = ${payment_id}`,
      );
      const of = { kind: 'refund', id: refund.id } as const;
      const kind = 'refund_succeeded';
      await post(tx, { kind, currency: 'EUR', of, root: of }, [
        entry('cash:psp', -leftMinor),
        entry('suspense:order', leftMinor),
      ]);
      return { reversals: [], transfers: [] };
    },
    bringBack: () => Promise.reject(new Error('a payment that was never taken is not brought back')),
    settleCancelled: (tx) =>
      settleOutside(tx, purchase, 'external', {
        providerRefundId: `cancelled:${payment_id}`,
        amountMinor: heldMinor,
        currency: 'EUR',
      }),
    disputeSettled: async () => [],
  };
  return purchase;
}

const bills: PurchaseStore = {
  notFound: 'refund_not_found',
  async lock(tx, id, paymentId) {
    const [bill] = await tx.execute<Bill & Record<string, unknown>>(
      raw`SELECT * FROM bills WHERE id = ${id} FOR NO KEY UPDATE`,
    );
    if (bill === undefined) throw new MissingRow('bill', id);
    if (paymentId === null || paymentId === bill.payment_id) return purchaseOfBill(bill);
    const [twice] = await tx.execute<Twice & Record<string, unknown>>(
      raw`SELECT * FROM payments_of_bills WHERE bill_id = ${id} AND payment_id = ${paymentId}`,
    );
    if (twice === undefined) throw new MissingRow('payment', paymentId);
    return purchaseOfTwice(bill, twice);
  },
  paymentId: (id) => raw`(SELECT own.payment_id FROM bills AS own WHERE own.id = ${id})`,
  payerId: (id) => raw`(SELECT own.payer_id FROM bills AS own WHERE own.id = ${id})`,
};
const purchases: Purchases = { ...PURCHASES, invoice: bills };

beforeAll(async () => {
  story = await storyOn(database);
  await sql`CREATE TABLE bills (
    id uuid PRIMARY KEY, status text NOT NULL DEFAULT 'paid', payment_id text NOT NULL, payer_id uuid,
    paid_minor integer NOT NULL, refunded_minor integer NOT NULL DEFAULT 0, disputed boolean NOT NULL DEFAULT false)`;
  await sql`CREATE TABLE payments_of_bills (
    payment_id text PRIMARY KEY, bill_id uuid NOT NULL, received_minor integer NOT NULL,
    refunded_minor integer NOT NULL DEFAULT 0)`;
});

async function paidBill() {
  const id = uuidv7();
  await sql`INSERT INTO bills (id, payment_id, payer_id, paid_minor)
    VALUES (${id}, ${`pay_${id}`}, ${story.buyer.id}, 1_999)`;
  return { kind: 'invoice', id } as const;
}

/** A bill that is paid, and whose money came a second time. */
async function paidTwice() {
  const own = await paidBill();
  const paymentId = `twice_${own.id}`;
  await sql`INSERT INTO payments_of_bills (payment_id, bill_id, received_minor) VALUES (${paymentId}, ${own.id}, 999)`;
  return { own, twice: { ...own, paymentId } };
}

/** Opens the give-back of a payment that its bill did not take, as its store does. */
async function givenBack({ id: invoiceId, paymentId }: { readonly id: string; readonly paymentId: string }) {
  const [refund] = await db
    .insert(refunds)
    .values({
      id: uuidv7(),
      invoiceId,
      paymentId,
      kind: 'payment_returned',
      amountMinor: 999,
      currency: 'EUR',
    })
    .returning();
  return refund!;
}

const flagsOf = async (subject: string) =>
  (await sql`SELECT kind, detail FROM ops_flags WHERE subject = ${subject} ORDER BY id`).map(
    ({ kind, detail }) => [kind as string, detail as string],
  );

const billRow = async ({ id }: { readonly id: string }) =>
  (await sql`SELECT status, refunded_minor, disputed FROM bills WHERE id = ${id}`)[0];

async function opened(of: Awaited<ReturnType<typeof paidBill>>, amount?: number) {
  const act = { actor: story.admin.id, reason: 'paid twice' };
  return db.transaction((tx) =>
    refundAsOperator(tx, { of, ...act, ...(amount !== undefined && { amount }) }, purchases),
  );
}

const postedFor = async (refundId: string) =>
  db
    .select({ account: ledgerEntries.account, amountMinor: ledgerEntries.amountMinor })
    .from(ledgerEntries)
    .where(eq(ledgerEntries.ofId, refundId))
    .orderBy(ledgerEntries.id);

describe('a refund of another kind of purchase', () => {
  test('is opened, asked with its own payment, settled once and booked by its own kind', async () => {
    const of = await paidBill();
    const refund = await opened(of, 500);
    expect(refund).toMatchObject({ orderId: null, invoiceId: of.id, amountMinor: 500, status: 'pending' });
    expect(await billRow(of)).toMatchObject({ status: 'refund_pending' });
    await expect(opened(of)).rejects.toMatchObject({ code: 'refund_already_requested' });
    expect(await askRefund(db, refund.id, purchases)).toMatchObject({
      kind: 'ask',
      paymentId: `pay_${of.id}`,
    });
    const nothing = { reversals: [], transfers: [] };
    const settle = () => settleRefund(db, refund.id, { providerRefundId: refund.id }, purchases);
    expect(await settle()).toEqual(nothing);
    expect(await settle()).toEqual({ isRepeat: true, ...nothing });
    expect(await story.refundRow(refund.id)).toMatchObject({ status: 'succeeded', excessMinor: 0 });
    expect(await billRow(of)).toMatchObject({ status: 'partially_refunded', refunded_minor: 500 });
    expect(await postedFor(refund.id)).toEqual([
      { account: 'cash:psp', amountMinor: -500 },
      { account: 'platform:revenue', amountMinor: 500 },
    ]);
    const [logged] = await sql`SELECT action, subject FROM audit_log WHERE subject = ${`bill/${of.id}`}`;
    expect(logged).toMatchObject({ action: 'invoice.refund' });
  });

  test('that fails, or was never received, leaves it where it was', async () => {
    const of = await paidBill();
    const refused = await opened(of);
    expect(await failRefund(db, refused.id, { message: 'no' }, purchases)).toEqual({ status: 'failed' });
    expect(await billRow(of)).toMatchObject({ status: 'paid', refunded_minor: 0 });
    const orphan = await opened(of);
    expect(await missOrphan(db, orphan.id, 0, purchases)).toBe('missed_once');
    expect(await missOrphan(db, orphan.id, 0, purchases)).toBe('failed');
    expect(await billRow(of)).toMatchObject({ status: 'paid', refunded_minor: 0 });
    const [flag] = await sql`SELECT detail FROM ops_flags WHERE subject = ${`refund/${orphan.id}`}`;
    expect(flag!['detail']).toContain(`Bill ${of.id} is back where it was`);
    expect(await postedFor(orphan.id)).toEqual([]);
  });

  test('that a bank sent back is reverted by a person', async () => {
    const of = await paidBill();
    const refund = await opened(of);
    await settleRefund(db, refund.id, { providerRefundId: refund.id }, purchases);
    expect(await billRow(of)).toMatchObject({ status: 'refunded', refunded_minor: 1_999 });
    const act = { refundId: refund.id, actor: story.admin.id, reason: 'came back' };
    const returning = () => db.transaction((tx) => returnRefund(tx, act, purchases));
    const { refund: returned } = await returning();
    expect(returned.status).toBe('returned');
    expect(await billRow(of)).toMatchObject({ status: 'paid', refunded_minor: 0 });
    await expect(returning()).rejects.toMatchObject({ code: 'refund_not_returnable' });
  });

  test("made in the PSP's dashboard is booked once, and what is beyond its money as such", async () => {
    const of = await paidBill();
    const outside = { providerRefundId: uuidv7(), amountMinor: 2_500, currency: 'EUR' };
    for (const _ of [1, 2]) await recordExternalRefund(db, of, outside, purchases);
    const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, of.id));
    expect(rows).toMatchObject([{ kind: 'external', status: 'succeeded', excessMinor: 501, orderId: null }]);
    expect(await billRow(of)).toMatchObject({ status: 'refunded', refunded_minor: 1_999 });
    const other = { ...outside, providerRefundId: uuidv7(), currency: 'USD' };
    await recordExternalRefund(db, of, other, purchases);
    expect(await db.select().from(refunds).where(eq(refunds.invoiceId, of.id))).toHaveLength(1);
    const [flag] = await sql`SELECT kind FROM ops_flags WHERE subject = ${`bill/${of.id}`}`;
    expect(flag).toEqual({ kind: 'outside_refund_unbooked' });
  });

  test('a process without its store touches nothing of it', async () => {
    const of = await paidBill();
    const refund = await opened(of);
    await expect(settleRefund(db, refund.id, { providerRefundId: 'x' }, PURCHASES)).rejects.toThrow(
      /no store for the purchase invoice/,
    );
    expect(await askRefund(db, refund.id, PURCHASES)).toEqual({ kind: 'no_payment', of: 'invoice' });
    expect(await story.refundRow(refund.id)).toMatchObject({ status: 'pending', askedAt: null });
  });
});

describe('a second payment of a purchase, which was not taken', () => {
  const settle = (refundId: string, done?: { amountMinor: number; currency: string }) =>
    settleRefund(db, refundId, { providerRefundId: refundId, ...(done && { done }) }, purchases);

  test('is given back on its own, beside an open refund of the purchase', async () => {
    const { own, twice } = await paidTwice();
    const asked = await opened(own);
    const back = await givenBack(twice);
    await expect(givenBack(twice)).rejects.toMatchObject({
      cause: { constraint_name: 'refunds_one_open_per_payment' },
    });
    expect(await askRefund(db, back.id, purchases)).toMatchObject({ paymentId: twice.paymentId });
    expect(await askRefund(db, asked.id, purchases)).toMatchObject({ paymentId: `pay_${own.id}` });
    await settle(back.id);
    expect(await story.refundRow(back.id)).toMatchObject({ status: 'succeeded', excessMinor: 0 });
    expect(await billRow(own)).toMatchObject({ status: 'refund_pending', refunded_minor: 0 });
    expect(await postedFor(back.id)).toEqual([
      { account: 'cash:psp', amountMinor: -999 },
      { account: 'suspense:order', amountMinor: 999 },
    ]);
    await settle(asked.id);
    expect(await billRow(own)).toMatchObject({ status: 'refunded', refunded_minor: 1_999 });
    const act = { refundId: back.id, actor: story.admin.id, reason: 'came back' };
    await expect(db.transaction((tx) => returnRefund(tx, act, purchases))).rejects.toThrow(
      /never took this payment/,
    );
  });

  test('whose give-back fails is still held, whatever becomes of the other', async () => {
    const { own, twice } = await paidTwice();
    const [asked, back] = [await opened(own), await givenBack(twice)];
    await failRefund(db, back.id, { message: 'the card is closed' }, purchases);
    expect(await billRow(own)).toMatchObject({ status: 'refund_pending' });
    expect(await flagsOf(`refund/${back.id}`)).toEqual([
      ['give_back_failed', expect.stringContaining('still held')],
    ]);
    await failRefund(db, asked.id, { message: 'no' }, purchases);
    expect(await billRow(own)).toMatchObject({ status: 'paid', refunded_minor: 0 });
    expect(await flagsOf(`refund/${asked.id}`)).toEqual([]);
  });

  test('of which the PSP gave back less holds the rest, and that alone', async () => {
    const { own, twice } = await paidTwice();
    const back = await givenBack(twice);
    await settle(back.id, { amountMinor: 900, currency: 'EUR' });
    expect(await flagsOf(`refund/${back.id}`)).toEqual([
      ['amount_differs', expect.any(String)],
      ['give_back_failed', expect.stringContaining('0.99 EUR')],
    ]);
    expect(await billRow(own)).toMatchObject({ status: 'paid', refunded_minor: 0 });
  });

  test("is refunded in the PSP's dashboard without touching the purchase, and so is its own by name", async () => {
    const { own, twice } = await paidTwice();
    const outside = { amountMinor: 1_200, currency: 'EUR' };
    await recordExternalRefund(db, twice, { ...outside, providerRefundId: uuidv7() }, purchases);
    expect(await billRow(own)).toMatchObject({ status: 'paid', refunded_minor: 0 });
    const byName = { ...own, paymentId: `pay_${own.id}` };
    await recordExternalRefund(db, byName, { ...outside, providerRefundId: uuidv7() }, purchases);
    expect(await billRow(own)).toMatchObject({ status: 'partially_refunded', refunded_minor: 1_200 });
    const rows = await db
      .select()
      .from(refunds)
      .where(eq(refunds.invoiceId, own.id))
      .orderBy(refunds.createdAt);
    expect(rows).toMatchObject([
      { kind: 'external', paymentId: twice.paymentId, excessMinor: 201 },
      { kind: 'external', paymentId: null, excessMinor: 0 },
    ]);
  });

  test('is cancelled at the PSP after its capture: its money is gone, once', async () => {
    const { own, twice } = await paidTwice();
    await settleCancelledPayment(db, twice, purchases);
    const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, own.id));
    expect(rows).toMatchObject([{ kind: 'external', amountMinor: 999, paymentId: twice.paymentId }]);
    expect(await billRow(own)).toMatchObject({ status: 'paid', refunded_minor: 0 });
  });

  test('is disputed and lost: the purchase keeps its money', async () => {
    const { own, twice } = await paidTwice();
    const news = { providerDisputeId: `dp_${own.id}`, amountMinor: 999, currency: 'EUR' };
    for (const status of ['open', 'lost'] as const)
      await settleDispute(db, twice, { ...news, status }, purchases);
    expect(await billRow(own)).toMatchObject({ status: 'paid', refunded_minor: 0, disputed: false });
    const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, own.id));
    expect(rows).toMatchObject([{ kind: 'dispute', paymentId: twice.paymentId, amountMinor: 999 }]);
    await settleDispute(db, twice, { ...news, status: 'won', stage: 'arbitration' }, purchases);
    const [row] = await sql`SELECT payment_id, unbooked_why FROM disputes WHERE invoice_id = ${own.id}`;
    expect(row).toEqual({ payment_id: twice.paymentId, unbooked_why: 'suspended' });
  });
});

test('its refund is seen by who paid and by admins, and by nobody else', async () => {
  const of = await paidBill();
  const { id } = await opened(of, 500);
  const see = (userId: string, role: Role) => readVisibleRefund({ db, purchases }, id, { userId, role });
  for (const [userId, role] of [
    [story.buyer.id, 'user'],
    [story.admin.id, 'admin'],
  ] as const)
    expect(showRefund(await see(userId, role))).toMatchObject({ order_id: null, invoice_id: of.id });
  for (const [userId, role] of [
    [uuidv7(), 'user'],
    [uuidv7(), 'moderator'],
  ] as const)
    await expect(see(userId, role)).rejects.toMatchObject({ code: 'refund_not_found' });
});

test('open refunds of two purchases, and of two payments of one, break no invariant', async () => {
  const { own, twice } = await paidTwice();
  for (const of of [own, await paidBill()]) await opened(of);
  await givenBack(twice);
  expect(await db.transaction((tx) => openRefunds.check(tx))).toEqual([]);
});

test("an operator's refund of it is weighed by what its own kind decides", async () => {
  const of = await paidBill();
  const operation = refundPurchase('invoice', { amount: 500, endAccess: true });
  const settings = { fourEyesAboveMinor: 1, purchases, billingTime: { scale: 1, startMs: 0 } };
  const weighed = await db.transaction((tx) => operation.snapshot(tx, of.id, settings));
  expect(weighed).toEqual({ status: 'paid', money: { amountMinor: 500, currency: 'EUR' } });
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

test('a dispute of another kind of purchase: opened, lost, won after all', async () => {
  const of = await paidBill();
  const news = { providerDisputeId: `dp_${of.id}`, amountMinor: 1_999, currency: 'EUR' };
  const said = (status: 'open' | 'lost' | 'won', at: number) =>
    settleDispute(db, of, { ...news, status, saidAt: new Date(at).toISOString() }, purchases);
  await said('open', 1_000);
  expect(await billRow(of)).toMatchObject({ disputed: true, status: 'paid' });
  await said('lost', 2_000);
  await said('lost', 2_000);
  expect(await billRow(of)).toMatchObject({ disputed: false, status: 'refunded', refunded_minor: 1_999 });
  await said('won', 3_000);
  expect(await billRow(of)).toMatchObject({ disputed: false, status: 'paid', refunded_minor: 0 });
  const rows = await db.select().from(refunds).where(eq(refunds.invoiceId, of.id));
  expect(rows).toMatchObject([{ kind: 'dispute', status: 'returned' }]);
  const [sum] = await sql`SELECT sum(amount_minor)::int AS minor FROM ledger_entries
    WHERE of_id = ${rows[0]!.id} AND account = 'cash:psp'`;
  expect(sum).toEqual({ minor: 0 });
  const [row] = await sql`SELECT order_id, invoice_id, status FROM disputes WHERE invoice_id = ${of.id}`;
  expect(row).toEqual({ order_id: null, invoice_id: of.id, status: 'won' });
  const flags = await sql`SELECT kind FROM ops_flags WHERE subject = ${`bill/${of.id}`}`;
  expect(flags.map((flag) => flag['kind'] as string)).toEqual(['dispute_opened']);
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
const STATEMENTS_MAX = { open: 7, ask: 1, settle: 25, fail: 6 };

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
