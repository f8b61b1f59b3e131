import { eq, sql as raw } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Tx } from '../../db/client.ts';
import { MissingRow } from '../../db/kernel/index.ts';
import { ledgerEntries, post } from '../../db/ledger/index.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import type { Purchase, Purchases, PurchaseStore } from '../../db/marketplace/purchase.ts';
import { askRefund } from '../../db/marketplace/refunds/ask.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { missOrphan } from '../../db/marketplace/refunds/miss-orphan.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { returnRefund } from '../../db/marketplace/refunds/return.ts';
import { type Refund, refunds } from '../../db/marketplace/refunds/schema.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { entry } from '../../domain/ledger/entries.ts';
import { openWithSql } from '../../sandbox/database.ts';
import { ownDatabase, PURCHASES, type Story, storyOn } from './verbs.ts';

// Another kind of purchase than orders, kept in a table that this file makes: it goes through the same verbs, and they
// know nothing of it.

interface Bill {
  readonly id: string;
  readonly status: string;
  readonly paid_minor: number;
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
    kind: 'invoice',
    id: bill.id,
    title: `Bill ${bill.id}`,
    workflowId: `bill/${bill.id}`,
    status: bill.status,
    currency: 'EUR',
    capturedMinor: bill.paid_minor,
    capturedCurrency: 'EUR',
    refundedMinor: bill.refunded_minor,
    isSuspended: false,
    isUnpaid: false,
    hasOpenRefund: bill.status === 'refund_pending',
    decideRefund: async (_tx, { amount }) => {
      if (bill.status === 'refund_pending')
        return { refusal: { code: 'refund_already_requested', detail: 'One is open.' } };
      const amountMinor = typeof amount === 'number' ? amount : bill.paid_minor - bill.refunded_minor;
      return { plan: { amountMinor, allocations: [], byItems: false } };
    },
    refundOpened: (tx) => change(tx, bill, 'refund_pending'),
    refundFailed: (tx) => change(tx, bill, resting(bill.refunded_minor, bill)),
    hold: async (_tx, { amountMinor }) => Math.max(amountMinor - (bill.paid_minor - bill.refunded_minor), 0),
    holdAgain: async () => undefined,
    excessOf: async (_tx, refund) => refund.excessMinor,
    async settle(tx, refund) {
      await move(tx, refund, refund.amountMinor - refund.excessMinor);
      return { reversals: [], transfers: [] };
    },
    async bringBack(tx, refund) {
      await move(tx, refund, refund.excessMinor - refund.amountMinor);
      return [];
    },
    takeLate: async () => null,
    settleCancelled: async () => null,
    async disputeSettled(tx, { status }) {
      await tx.execute(raw`UPDATE bills SET disputed = ${status === 'open'} WHERE id = ${bill.id}`);
      return [];
    },
  };
}

const bills: PurchaseStore = {
  notFound: 'refund_not_found',
  async lock(tx, id) {
    const [bill] = await tx.execute<Bill & Record<string, unknown>>(
      raw`SELECT * FROM bills WHERE id = ${id} FOR NO KEY UPDATE`,
    );
    if (bill === undefined) throw new MissingRow('bill', id);
    return purchaseOfBill(bill);
  },
  paymentId: (id) => raw`(SELECT own.payment_id FROM bills AS own WHERE own.id = ${id})`,
};
const purchases: Purchases = { ...PURCHASES, invoice: bills };

beforeAll(async () => {
  story = await storyOn(database);
  await sql`CREATE TABLE bills (
    id uuid PRIMARY KEY, status text NOT NULL DEFAULT 'paid', payment_id text NOT NULL,
    paid_minor integer NOT NULL, refunded_minor integer NOT NULL DEFAULT 0, disputed boolean NOT NULL DEFAULT false)`;
});

async function paidBill() {
  const id = uuidv7();
  await sql`INSERT INTO bills (id, payment_id, paid_minor) VALUES (${id}, ${`pay_${id}`}, 1_999)`;
  return { kind: 'invoice', id } as const;
}

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
