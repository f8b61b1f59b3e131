import { sql } from 'drizzle-orm';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { fillRows } from '../db/many-rows.ts';

/** Whose rows are few, and older than all others: what a reading must not pass everybody's to find. */
export const RARE = {
  person: '00000000-0000-4000-8000-00000000000c',
  action: 'reversal.settled_outside',
  rows: 3,
} as const;
export const SETTLEMENT_FILE = '00000000-0000-4000-8000-00000000000a';
/** One row in so many was disputed and flagged once; one in a hundred times as many is flagged today. */
const DISPUTED_EVERY = 10;
const FLAGGED_EVERY = 1_000;
const CHUNK = 20_000;
const EVERYBODY = sql`'00000000-0000-4000-8000-000000000001'::uuid`;

/** What `fillRows` makes, with all that operators read beside it: items, postings, disputes, flags, acts, exceptions. */
export async function fillOperatorsRows(database: DatabaseWithSql, rows: number): Promise<void> {
  await fillRows(database, rows);
  const { db } = database;
  await db.execute(
    sql`INSERT INTO users (id, email, role) VALUES (${RARE.person}, 'rare@veza.test', 'admin')`,
  );
  await db.execute(sql`
    INSERT INTO provider_statements (id, provider, layout, file_hash, file_name, covers)
    VALUES (${SETTLEMENT_FILE}, 'stripe', 'stripe-balance', 'hash', 'many.csv', '[]')`);
  // First of all: the oldest.
  await db.execute(sql`
    INSERT INTO audit_log (actor, action, subject)
    SELECT ${RARE.person}, ${RARE.action}, 'reversal/' || n FROM generate_series(1, ${RARE.rows}) AS n`);
  for (let from = 0; from < rows; from += CHUNK) await fill(database, from, Math.min(from + CHUNK, rows));
  for (const [table, time, set] of RARE_ROWS) {
    await db.execute(sql`
      UPDATE ${sql.raw(table)} SET ${set}
      WHERE id IN (SELECT id FROM ${sql.raw(table)} ORDER BY ${sql.raw(time)} LIMIT ${RARE.rows})`);
  }
  await database.sql.unsafe('ANALYZE');
}

const RARE_ROWS = [
  ['orders', 'created_at', sql`buyer_id = ${RARE.person}`],
  ['products', 'created_at', sql`seller_id = ${RARE.person}`],
  ['seller_transfers', 'created_at', sql`status = 'reversal_pending', next_retry_at = now()`],
  ['transfer_reversals', 'created_at', sql`status = 'written_off'`],
  ['seller_payouts', 'created_at', sql`status = 'failed'`],
  ['webhook_events', 'received_at', sql`outcome = 'unhandled'`],
  ['statement_exceptions', '-position', sql`kind = 'amount_differs'`],
] as const;

async function fill({ db }: DatabaseWithSql, from: number, to: number): Promise<void> {
  const id = (kind: number) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const numbers = sql`generate_series(${from}::int, ${to - 1}::int) AS n`;
  const at = sql`now() - interval '2 hours' - n * interval '1 second'`;
  const isDisputed = sql.raw(`n % ${DISPUTED_EVERY} = 0`);
  const isFlagged = sql.raw(`n % ${FLAGGED_EVERY} = 0`);
  await db.execute(sql`
    INSERT INTO products (id, seller_id, title, price_minor, currency, created_at)
    SELECT ${id(7)}, ${EVERYBODY}, 'A track', 100, 'USD', ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO order_items (id, order_id, position, product_id, seller_id, amount_minor, platform_fee_minor)
    SELECT ${id(8)}, ${id(1)}, 0, ${id(7)}, ${EVERYBODY}, 100, 10 FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id, created_at)
    SELECT ${id(9)}, account, sign * 90, 'USD', kind, of_kind, of_id, of_kind, of_id, ${at}
    FROM ${numbers}, LATERAL (VALUES ('order_completed', 'order', ${id(1)}, 'platform:fees', 1),
      ('order_completed', 'order', ${id(1)}, 'psp:clearing', -1),
      ('payout_paid', 'payout', ${id(5)}, 'seller:' || ${EVERYBODY} || ':paying_out', 1),
      ('payout_paid', 'payout', ${id(5)}, 'stripe:connected', -1)) AS posted (kind, of_kind, of_id, account, sign)`);
  await db.execute(sql`
    INSERT INTO disputes (id, order_id, provider_dispute_id, amount_minor, currency, status, opened_at)
    SELECT ${id(10)}, ${id(1)}, 'dp_operators_' || n, 100, 'EUR', 'won', ${at} FROM ${numbers} WHERE ${isDisputed}`);
  await db.execute(sql`
    INSERT INTO dispute_words (dispute_id, said, stage, amount_minor)
    SELECT ${id(10)}, said, 'dispute', 100 FROM ${numbers}, unnest(ARRAY['open', 'won']) AS said WHERE ${isDisputed}`);
  await db.execute(sql`
    INSERT INTO ops_flags (id, kind, subject, detail, raised_at, cleared_at)
    SELECT ${id(11)}, 'give_back_failed', 'refund/' || ${id(2)}, 'The PSP refused it.', ${at},
      CASE WHEN ${isFlagged} THEN NULL ELSE now() END FROM ${numbers} WHERE ${isDisputed}`);
  await db.execute(sql`
    INSERT INTO audit_log (actor, action, subject, at)
    SELECT ${EVERYBODY}, 'reversal.retry', 'reversal/' || ${id(4)}, ${at} FROM ${numbers}`);
  const price = sql`'01998000-0000-7000-8000-000000000002'::uuid`;
  await db.execute(sql`
    INSERT INTO invoice_lines (id, invoice_id, position, kind, description, amount_minor)
    SELECT ${id(25)}, ${id(22)}, 0, 'plan', 'Creator, a month', 999 FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO credit_notes (number, invoice_id, refund_id, amount_minor, created_at)
    SELECT 'MANY-CN-' || n, ${id(22)}, ${id(2)}, 100, ${at} FROM ${numbers} WHERE ${isDisputed}`);
  await db.execute(sql`
    INSERT INTO subscription_changes (id, subscription_id, to_price_id, quoted_at, status, created_at)
    SELECT ${id(26)}, ${id(21)}, ${price}, ${at}, 'replaced', ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO card_setups (id, subscription_id, created_at) SELECT ${id(27)}, ${id(21)}, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO statement_exceptions (id, statement_id, kind, row_kind, subject, detail)
    SELECT ${id(12)}, ${SETTLEMENT_FILE}, 'missing_there', 'payment', 'order/' || ${id(1)}, 'No row names it.' FROM ${numbers}`);
}
