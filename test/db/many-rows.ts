import { sql } from 'drizzle-orm';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

/** One row in a hundred is open, as after a bad day. */
export const OPEN_EVERY = 100;
const CHUNK = 20_000;

/** A database as it is after years: that many rows of each kind, nearly all of them ended. */
export async function fillRows(database: DatabaseWithSql, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += CHUNK) await fill(database, from, Math.min(from + CHUNK, rows));
  await database.sql.unsafe('ANALYZE');
}

/**
 * An order in each row's place, with its refund, transfer, reversal, payout and webhook, and a subscription with its
 * invoice, payment and mail; a tenth of the orders was disputed.
 */
async function fill({ db }: DatabaseWithSql, from: number, to: number): Promise<void> {
  const people = sql`'00000000-0000-4000-8000-000000000001'::uuid`;
  const id = (kind: number) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const numbers = sql`generate_series(${from}::int, ${to - 1}::int) AS n`;
  const isOpen = sql.raw(`n % ${OPEN_EVERY} = 0`);
  const createdAt = sql`now() - interval '2 hours' - n * interval '1 second'`;
  await db.execute(
    sql`INSERT INTO users (id, email, role) VALUES (${people}, 'everybody@veza.test', 'user') ON CONFLICT DO NOTHING`,
  );
  await db.execute(sql`
    INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, created_at, outside_over)
    SELECT ${id(1)}, ${people}, 100, CASE WHEN ${isOpen} THEN NULL ELSE 100 END, CASE WHEN ${isOpen} THEN NULL ELSE 'USD' END,
      'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'completed' END, ${id(1)}::text, ${createdAt}, n % ${OPEN_EVERY} <> 1 FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO disputes (id, order_id, provider_dispute_id, amount_minor, currency, status, opened_at, unbooked_since, unbooked_why)
    SELECT ${id(7)}, ${id(1)}, 'dp_' || n, 100, 'USD', 'won', ${createdAt},
      CASE WHEN ${isOpen} THEN now() END, CASE WHEN ${isOpen} THEN 'in_flight' END FROM ${numbers} WHERE n % 10 = 0`);
  await db.execute(sql`
    INSERT INTO refunds (id, order_id, requested_by, amount_minor, currency, status, hyperswitch_refund_id, created_at)
    SELECT ${id(2)}, ${id(1)}, ${people}, 100, 'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'succeeded' END,
      CASE WHEN n % ${2 * OPEN_EVERY} = 0 THEN NULL ELSE ${id(2)}::text END, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, completed_at, created_at)
    SELECT ${id(3)}, ${id(1)}, ${people}, 90, 'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'completed' END,
      CASE WHEN ${isOpen} THEN NULL ELSE now() END, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO transfer_reversals (id, transfer_id, refund_id, amount_minor, status, next_retry_at, created_at)
    SELECT ${id(4)}, ${id(3)}, ${id(2)}, 90, CASE WHEN ${isOpen} THEN 'pending' ELSE 'reversed' END, now(), ${createdAt}
    FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, status, created_at)
    SELECT ${id(5)}, ${people}, 90, 'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'paid' END, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO webhook_events (id, provider, event_id, type, about, body, received_at, processed_at, outcome)
    SELECT ${id(6)}, 'hyperswitch', n::text, 'payment_succeeded', ${id(1)}::text, '{}', ${createdAt},
      CASE WHEN ${isOpen} THEN NULL ELSE now() END, CASE WHEN ${isOpen} THEN 'received' ELSE 'signalled' END FROM ${numbers}`);
  // Each subscription that lives has one of as many people, and its renewal is overdue.
  const price = sql`'01998000-0000-7000-8000-000000000002'::uuid`;
  await db.execute(sql`
    INSERT INTO users (id, email, role) SELECT ${id(20)}, 'subscriber-' || n || '@veza.test', 'user' FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO subscriptions (id, user_id, price_id, status, next_due_at, ended_at, end_reason, created_at)
    SELECT ${id(21)}, CASE WHEN ${isOpen} THEN ${id(20)} ELSE ${people} END, ${price}, CASE WHEN ${isOpen} THEN 'active' ELSE 'canceled' END,
      CASE WHEN ${isOpen} THEN ${createdAt} END, CASE WHEN ${isOpen} THEN NULL ELSE now() END,
      CASE WHEN ${isOpen} THEN NULL ELSE 'asked' END, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO invoices (id, subscription_id, price_id, reason, status, number, period_start, period_end, amount_minor, currency,
      hyperswitch_payment_id, issued_to, paid_at, created_at)
    SELECT ${id(22)}, ${id(21)}, ${price}, 'first', CASE WHEN ${isOpen} THEN 'open' ELSE 'paid' END,
      CASE WHEN ${isOpen} THEN NULL ELSE 'MANY-' || n END, ${createdAt}, ${createdAt} + interval '1 month', 999, 'USD',
      CASE WHEN ${isOpen} THEN NULL ELSE ${id(22)}::text END, '{}', CASE WHEN ${isOpen} THEN NULL ELSE ${createdAt} END, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, status, created_at, asked_at, received_minor, received_currency, outside_over)
    SELECT ${id(22)}, ${id(22)}, 1, true, 999, 'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'succeeded' END, ${createdAt}, ${createdAt},
      CASE WHEN ${isOpen} THEN NULL ELSE 999 END, CASE WHEN ${isOpen} THEN NULL ELSE 'USD' END, n % ${OPEN_EVERY} <> 1 FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO revenue_schedules (id, invoice_id, amount_minor, recognised_minor, currency, starts_at, ends_at)
    SELECT ${id(23)}, ${id(22)}, 999, CASE WHEN n % ${OPEN_EVERY} = 1 THEN 333 ELSE 999 END, 'USD', ${createdAt}, ${createdAt} + interval '1 month'
    FROM ${numbers} WHERE NOT ${isOpen}`);
  // Each person who is open here is one of as many.
  await db.execute(sql`
    INSERT INTO data_exports (id, user_id, status, requested_at)
    SELECT ${id(30)}, CASE WHEN ${isOpen} THEN ${id(20)} ELSE ${people} END, CASE WHEN ${isOpen} THEN 'building' ELSE 'expired' END,
      ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO account_deletions (id, user_id, status, keep_public_tracks, requested_by, requested_at, final_at, waits_for, waiting_since, undone_at, erased_at)
    SELECT ${id(31)}, CASE WHEN n % ${OPEN_EVERY} = 2 THEN ${people} ELSE ${id(20)} END,
      CASE WHEN ${isOpen} THEN 'waiting' WHEN n % ${OPEN_EVERY} < 4 THEN 'undone' ELSE 'erased' END, false, ${id(20)}::text,
      ${createdAt} - interval '30 days', ${createdAt}, CASE WHEN n % ${2 * OPEN_EVERY} = 0 THEN ARRAY['balance_owed'] ELSE '{}' END,
      ${createdAt}, CASE WHEN n % ${OPEN_EVERY} BETWEEN 1 AND 3 THEN ${createdAt} END, CASE WHEN n % ${OPEN_EVERY} >= 4 THEN ${createdAt} END
    FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO mails (id, user_id, kind, subject, params, status, created_at, queued_at)
    SELECT ${id(24)}, ${people}, 'invoice_receipt', 'invoice/' || ${id(22)}, '{}',
      CASE WHEN n % ${OPEN_EVERY} = 1 THEN 'queued' ELSE 'sent' END, ${createdAt}, ${createdAt} FROM ${numbers}`);
}
