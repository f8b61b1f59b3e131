import { v7 as uuidv7 } from 'uuid';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addUser, CONFIG } from '../harness/api.ts';
import { ownDatabase, storyOn, type Story } from '../marketplace/verbs.ts';
import { addInvoice, addSubscription, DAY_MS } from '../subscriptions/rows.ts';
import { closeAccount } from '../../db/privacy/index.ts';
import { readLastRefundDeadline, readOpenMoney } from '../../db/privacy/open-money.ts';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

let database: DatabaseWithSql;
let story: Story;
let seller: string;
beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
  seller = story.sellers[0]!.id;
});
beforeEach(async () => {
  // What earlier cases left is over: no right to a refund, and no balance.
  await database.sql`UPDATE orders SET refund_deadline = now() - interval '1 day' WHERE status <> 'pending'`;
  await database.sql`UPDATE orders SET status = 'failed' WHERE status = 'pending'`;
  await database.sql`UPDATE seller_balances SET pending_minor = 0, available_minor = 0, owed_minor = 0, paying_out_minor = 0`;
  await database.sql`UPDATE seller_transfers SET status = 'written_off' WHERE status = 'pending'`;
});

const waits = (userId: string) => readOpenMoney(database.db, userId);
const oneProduct = () => [story.products[0]!.id];
const ownDeadline = (orderId: string) =>
  database.sql`UPDATE orders SET refund_deadline = now() - interval '1 s' WHERE id = ${orderId}`;

describe('each kind of open money holds a deletion, and its end releases it', () => {
  test('nothing holds who has none', async () => {
    expect(await waits(story.buyer.id)).toEqual([]);
    expect(await waits(seller)).toEqual([]);
    expect(await waits(await addUser(database))).toEqual([]);
  });

  test('an order that is not paid holds both of its sides', async () => {
    const orderId = await story.place(oneProduct());
    expect([await waits(story.buyer.id), await waits(seller)]).toEqual([
      ['order_pending'],
      ['order_pending'],
    ]);
    await database.sql`
      UPDATE orders SET status = 'failed', payment_watched_until = now() + interval '1 h' WHERE id = ${orderId}`;
    expect(await waits(story.buyer.id)).toEqual(['order_pending']);
    await database.sql`UPDATE orders SET payment_watched_until = now() WHERE id = ${orderId}`;
    expect([await waits(story.buyer.id), await waits(seller)]).toEqual([[], []]);
  });

  test('the right to a refund holds both sides, the share and the balance its seller', async () => {
    const orderId = await story.pay(oneProduct());
    expect(await waits(story.buyer.id)).toEqual(['refund_window']);
    expect(await waits(seller)).toEqual(['refund_window', 'transfer_open', 'balance_pending']);
    for (const transfer of await story.transfers(orderId)) await story.send(transfer.id);
    expect(await waits(seller)).toEqual(['refund_window', 'balance_available']);
    await ownDeadline(orderId);
    expect([await waits(story.buyer.id), await waits(seller)]).toEqual([[], ['balance_available']]);
    await database.sql`UPDATE seller_balances SET available_minor = 0 WHERE seller_id = ${seller}`;
    expect(await waits(seller)).toEqual([]);
  });

  test('an order without a deadline has one of fourteen days', async () => {
    const orderId = await story.pay(oneProduct());
    await database.sql`UPDATE orders SET refund_deadline = NULL WHERE id = ${orderId}`;
    expect(await waits(story.buyer.id)).toEqual(['refund_window']);
    const { completedAt } = await story.order(orderId);
    const last = await readLastRefundDeadline(database.db, story.buyer.id);
    // Rows have microseconds.
    expect(last!.getTime() - completedAt!.getTime() - 14 * DAY_MS).toBeOneOf([0, 1]);
  });

  test('a refund holds both sides, and a share on its way back its seller; both settle after the closing', async () => {
    const orderId = await story.complete(oneProduct());
    const refundId = await story.openRefund(orderId);
    await ownDeadline(orderId);
    expect(await waits(story.buyer.id)).toEqual(['refund_open']);
    expect(await waits(seller)).toContain('refund_open');
    const [refund] =
      await database.sql`UPDATE refunds SET status = 'failed' WHERE id = ${refundId} RETURNING id`;
    expect(refund).toBeDefined();
    await database.sql`UPDATE orders SET status = 'completed' WHERE id = ${orderId}`;
    expect(await waits(story.buyer.id)).toEqual([]);

    const other = await story.complete(oneProduct());
    const { refundId: settled } = await story.refund(other);
    expect(await waits(seller)).toContain('reversal_open');
    for (const reversal of await story.reversals(settled)) await story.reverse(reversal.id);
    expect(await waits(seller)).not.toContain('reversal_open');
    expect((await story.refundRow(settled)).status).toBe('succeeded');
  });

  test('a dispute holds both sides, also one whose end is not booked', async () => {
    const orderId = await story.complete(oneProduct());
    await ownDeadline(orderId);
    const id = uuidv7();
    await database.db.insert(disputes).values({
      ...{ id, orderId, providerDisputeId: id, amountMinor: 100, currency: 'EUR', openedAt: new Date() },
    });
    expect(await waits(story.buyer.id)).toEqual(['dispute_open']);
    expect(await waits(seller)).toContain('dispute_open');
    await database.sql`
      UPDATE disputes SET status = 'lost', unbooked_since = now(), unbooked_why = 'in_flight' WHERE id = ${id}`;
    expect(await waits(story.buyer.id)).toEqual(['dispute_open']);
    await database.sql`UPDATE disputes SET unbooked_since = NULL, unbooked_why = NULL WHERE id = ${id}`;
    expect(await waits(story.buyer.id)).toEqual([]);
  });

  test('a payout holds its seller', async () => {
    const id = uuidv7();
    await database.sql`
      INSERT INTO seller_payouts (id, seller_id, amount_minor, currency) VALUES (${id}, ${seller}, 100, 'EUR')`;
    expect(await waits(seller)).toEqual(['payout_open']);
    await database.sql`UPDATE seller_payouts SET status = 'paid' WHERE id = ${id}`;
    expect(await waits(seller)).toEqual([]);
  });

  test('a debt holds its seller, and so does a balance that is barred', async () => {
    await database.sql`UPDATE seller_balances SET owed_minor = 1 WHERE seller_id = ${seller}`;
    expect(await waits(seller)).toEqual(['balance_owed']);
    await database.sql`UPDATE seller_balances SET owed_minor = 0, fees_owed_minor = 1 WHERE seller_id = ${seller}`;
    expect(await waits(seller)).toEqual(['balance_owed']);
    await database.sql`
      UPDATE seller_balances SET fees_owed_minor = 0, available_minor = 5 WHERE seller_id = ${seller}`;
    await database.sql`UPDATE users SET status = 'closing', is_barred = true WHERE id = ${seller}`;
    expect(await waits(seller)).toEqual(['balance_available', 'account_barred']);
    await database.sql`UPDATE users SET is_barred = false WHERE id = ${seller}`;
    await database.sql`UPDATE users SET status = 'active' WHERE id = ${seller}`;
    expect(await waits(seller)).toEqual(['balance_available']);
  });

  test('an invoice that is open holds its subscriber, with its refunds and disputes', async () => {
    const userId = await addUser(database);
    const subscriptionId = await addSubscription(database, userId, 'creator');
    const invoiceId = await addInvoice(database, subscriptionId, { status: 'open' });
    expect(await waits(userId)).toEqual(['invoice_open']);
    await database.sql`UPDATE invoices SET status = 'void' WHERE id = ${invoiceId}`;
    expect(await waits(userId)).toEqual([]);
    await database.sql`
      INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency)
      VALUES (${uuidv7()}, ${invoiceId}, 1, false, 999, 'EUR')`;
    expect(await waits(userId)).toEqual(['invoice_open']);
    await database.sql`UPDATE invoice_payments SET status = 'failed' WHERE invoice_id = ${invoiceId}`;
    const refundId = uuidv7();
    await database.sql`
      INSERT INTO refunds (id, invoice_id, amount_minor, currency) VALUES (${refundId}, ${invoiceId}, 1, 'EUR')`;
    expect(await waits(userId)).toEqual(['refund_open']);
    await database.sql`UPDATE refunds SET status = 'failed' WHERE id = ${refundId}`;
    const id = uuidv7();
    await database.db.insert(disputes).values({
      ...{ id, invoiceId, providerDisputeId: id, amountMinor: 100, currency: 'EUR', openedAt: new Date() },
    });
    expect(await waits(userId)).toEqual(['dispute_open']);
    await database.sql`UPDATE disputes SET status = 'won' WHERE id = ${id}`;
    expect(await waits(userId)).toEqual([]);
  });
});

test('nobody is final before the last right to a refund of what they bought or sold has ended', async () => {
  const orderId = await story.complete(oneProduct());
  await database.sql`UPDATE orders SET refund_deadline = '2050-01-01T00:00:00Z' WHERE id = ${orderId}`;
  for (const userId of [story.buyer.id, seller]) {
    const deletion = await database.db.transaction((tx) =>
      closeAccount(
        tx,
        { actor: userId },
        {
          ...{ userId, requestedBy: userId, keepPublicTracks: false, graceMs: 1_000 },
          terms: billingTermsOf(CONFIG),
        },
      ),
    );
    expect(deletion.finalAt).toEqual(new Date('2050-01-01T00:00:00Z'));
  }
});
