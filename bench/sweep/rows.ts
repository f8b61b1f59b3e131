import { sql } from 'drizzle-orm';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

/** Kinds of stuck rows, by the PSP's report: row n is of kind n modulo the number of kinds. */
export const STUCK = [
  'order paid',
  'order failed',
  'order failed',
  'order failed',
  'order unpaid',
  'order unpaid',
  'order unpaid',
  'refund succeeded',
  'refund pending',
  'refund unknown',
] as const;

const CHUNK = 20_000;
const PRICE_MINOR = 100;
const ID = '00000000-0000-4000-8000-00000000000';

/** The price is only the platform's fee, so that no transfer follows: the bench measures the sweep. */
export async function fillStuck({ db }: DatabaseWithSql, rows: number): Promise<void> {
  const numbers = sql`generate_series(0, ${rows - 1}::int) AS n`;
  const id = (kind: string) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const ofRefund = sql.raw(`n % ${STUCK.length} >= 7`);
  const createdAt = sql`now() - interval '2 hours' - n * interval '1 millisecond'`;
  const captured = (value: unknown) => sql`CASE WHEN ${ofRefund} THEN ${value} END`;
  await db.execute(sql`
    INSERT INTO users (id, email, role) VALUES (${`${ID}1`}, 'buyer@bench.veza.example', 'user'), (${`${ID}2`}, 'seller@bench.veza.example', 'artist')`);
  await db.execute(sql`
    INSERT INTO products (id, seller_id, title, price_minor, currency)
    VALUES (${`${ID}3`}, ${`${ID}2`}, 'A beat', ${PRICE_MINOR}, 'EUR')`);
  await db.execute(sql`
    INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, payment_status, completed_at, created_at)
    SELECT ${id('order')}, ${`${ID}1`}::uuid, ${PRICE_MINOR}, ${captured(sql`${PRICE_MINOR}::bigint`)}, ${captured(sql`'EUR'`)}, 'EUR',
      CASE WHEN ${ofRefund} THEN 'refund_pending' ELSE 'pending' END, ${id('order')}::text, 'requires_payment_method',
      ${captured(createdAt)}, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO order_items (id, order_id, position, product_id, seller_id, amount_minor, platform_fee_minor)
    SELECT ${id('item')}, ${id('order')}, 0, ${`${ID}3`}::uuid, ${`${ID}2`}::uuid, ${PRICE_MINOR}, ${PRICE_MINOR} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO licenses (id, order_item_id, buyer_id, product_id)
    SELECT ${id('license')}, ${id('item')}, ${`${ID}1`}::uuid, ${`${ID}3`}::uuid FROM ${numbers} WHERE ${ofRefund}`);
  await db.execute(sql`
    INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id, created_at)
    SELECT ${id('refund')}, ${id('order')}, ${PRICE_MINOR}, 'EUR', 'pending',
      CASE WHEN n % ${sql.raw(String(STUCK.length))} < 9 THEN ${id('refund')}::text END, ${createdAt} FROM ${numbers} WHERE ${ofRefund}`);
  await db.execute(sql`
    INSERT INTO refund_allocations (refund_id, order_item_id, seller_minor, fee_minor)
    SELECT ${id('refund')}, ${id('item')}, 0, ${PRICE_MINOR} FROM ${numbers} WHERE ${ofRefund}`);
}

/** New orders whose buyers are about to pay, so that nothing is stuck. Returns their ids. */
export async function fillWaiting({ db }: DatabaseWithSql, rows: number): Promise<string[]> {
  const inserted = await db.execute<{ id: string }>(sql`
    INSERT INTO orders (id, buyer_id, total_minor, currency, status, payment_id, payment_status)
    SELECT md5('waiting:' || n)::uuid, ${`${ID}1`}::uuid, ${PRICE_MINOR}, 'EUR', 'pending', md5('waiting:' || n)::uuid::text,
      'requires_payment_method'
    FROM generate_series(1, ${rows}::int) AS n RETURNING id`);
  return inserted.map(({ id }) => id);
}

/** Of ten healthy rows six are completed orders, two settled refunds and two webhooks that were handed on. */
export async function fillHealthy(
  { db, sql: raw }: DatabaseWithSql,
  rows: number,
  told: (done: number) => void,
): Promise<void> {
  const id = (kind: string) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const createdAt = sql`now() - interval '2 days' - n * interval '1 second'`;
  for (let from = 0; from < rows; from += CHUNK) {
    const numbers = sql`generate_series(${from}::int, ${Math.min(from + CHUNK, rows) - 1}::int) AS n`;
    await db.execute(sql`
      INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, refunded_minor, currency, status, payment_id, payment_status, completed_at, created_at)
      SELECT ${id('healthy')}, ${`${ID}1`}::uuid, 100, 100, 'EUR', CASE WHEN n % 10 < 2 THEN 100 ELSE 0 END, 'EUR',
        CASE WHEN n % 10 < 2 THEN 'refunded' ELSE 'completed' END, ${id('healthy')}::text, 'succeeded', ${createdAt}, ${createdAt}
      FROM ${numbers} WHERE n % 10 < 6`);
    await db.execute(sql`
      INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id, succeeded_at, created_at)
      SELECT ${id('healthy refund')}, ${id('healthy')}, 100, 'EUR', 'succeeded', ${id('healthy refund')}::text, ${createdAt}, ${createdAt}
      FROM ${numbers} WHERE n % 10 < 2`);
    await db.execute(sql`
      INSERT INTO webhook_events (id, provider, event_id, type, body, received_at, processed_at, outcome)
      SELECT ${id('healthy webhook')}, 'hyperswitch', 'evt_' || n, 'payment_succeeded', '{}', ${createdAt}, ${createdAt}, 'signalled'
      FROM ${numbers} WHERE n % 10 IN (6, 7)`);
    await db.execute(sql`
      INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, stripe_transfer_id, completed_at, created_at)
      SELECT ${id('healthy transfer')}, ${sql.raw(`md5('healthy:' || n - 4)::uuid`)}, ${`${ID}2`}::uuid, 90, 'EUR', 'completed', 'tr_' || n, ${createdAt}, ${createdAt}
      FROM ${numbers} WHERE n % 10 IN (8, 9)`);
    told(Math.min(from + CHUNK, rows));
  }
  await raw.unsafe('ANALYZE');
}

/** What the PSP has of the stuck rows; it sent no webhook. */
export interface StuckRow {
  readonly kind: (typeof STUCK)[number];
  readonly orderId: string;
  readonly refundId: string;
}

export async function readStuck({ sql: raw }: DatabaseWithSql, rows: number): Promise<StuckRow[]> {
  const read = await raw<{ n: number; order_id: string; refund_id: string }[]>`
    SELECT n, md5('order:' || n)::uuid AS order_id, md5('refund:' || n)::uuid AS refund_id
    FROM generate_series(0, ${rows - 1}::int) AS n ORDER BY n`;
  return read.map(({ n, order_id: orderId, refund_id: refundId }) => ({
    kind: STUCK[n % STUCK.length]!,
    orderId,
    refundId,
  }));
}
