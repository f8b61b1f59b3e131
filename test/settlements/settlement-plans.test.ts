import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { oursThatMoved } from '../../db/settlements/ours.ts';
import { matchQuery } from '../../db/settlements/match-rows.ts';
import { claimOf } from '../../db/settlements/miss-rows.ts';
import { CLAIMABLE } from '../../domain/settlements/settlement-file.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { planAhead, walkedIn } from '../db/plans.ts';

// By name: `STATEMENT_PLAN_ROWS=1000000 npx vitest run test/settlements/settlement-plans.test.ts`.
const ROWS = Number(process.env['STATEMENT_PLAN_ROWS'] ?? 20_000);
const FILL_TIMEOUT_MS = 60_000 + 2 * ROWS;
const CHUNK = 20_000;
const SETTLEMENT_FILE = '00000000-0000-4000-8000-00000000000a';
const MONEY = [
  ...['orders', 'refunds', 'seller_transfers', 'transfer_reversals', 'seller_payouts', 'disputes'],
  ...['invoice_payments', 'invoices'],
];

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(
  async () => {
    own = await createDatabaseFromTemplate();
    database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
    for (let from = 0; from < ROWS; from += CHUNK) await fill(from, Math.min(from + CHUNK, ROWS));
    await database.sql.unsafe('ANALYZE');
  },
  60_000 + 2 * ROWS,
);
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** An order in each row's place, with its refund, transfer, reversal, payout and dispute, and a row of a file for each. */
async function fill(from: number, to: number): Promise<void> {
  const { db } = database;
  const person = sql`'00000000-0000-4000-8000-000000000001'::uuid`;
  const id = (kind: number) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const numbers = sql`generate_series(${from}::int, ${to - 1}::int) AS n`;
  const at = sql`now() - n * interval '1 second'`;
  await db.execute(
    sql`INSERT INTO users (id, email, role) VALUES (${person}, 'everybody@veza.test', 'user') ON CONFLICT DO NOTHING`,
  );
  await db.execute(sql`
    INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id,
      connector_transaction_id, completed_at, created_at)
    SELECT ${id(1)}, ${person}, 100, 100, 'USD', 'USD', 'completed', ${id(1)}::text, 'pi_' || n, ${at}, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO subscriptions (id, user_id, price_id, status, created_at, ended_at, end_reason)
    SELECT ${person}, ${person}, id, 'expired', now(), now(), 'asked' FROM plan_prices LIMIT 1 ON CONFLICT DO NOTHING`);
  await db.execute(sql`
    INSERT INTO invoices (id, subscription_id, price_id, reason, status, number, period_start, period_end, amount_minor, currency,
      hyperswitch_payment_id, issued_to, paid_at, created_at)
    SELECT ${id(7)}, ${person}, (SELECT price_id FROM subscriptions), 'change', 'paid', 'T-' || n, ${at}, ${at} + interval '1 day',
      100, 'USD', ${id(7)}::text, '{}', ${at}, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, status, received_minor,
      received_currency, connector_transaction_id, captured_at, created_at)
    SELECT ${id(7)}, ${id(7)}, 1, true, 100, 'USD', 'succeeded', 100, 'USD', 'pi_of_invoice_' || n, ${at}, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id, succeeded_at)
    SELECT ${id(2)}, ${id(1)}, 100, 'USD', 'succeeded', ${id(2)}::text, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, stripe_transfer_id, completed_at)
    SELECT ${id(3)}, ${id(1)}, ${person}, 90, 'USD', 'completed', 'tr_' || n, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO transfer_reversals (id, transfer_id, refund_id, amount_minor, status, stripe_reversal_id, ended_at)
    SELECT ${id(4)}, ${id(3)}, ${id(2)}, 90, 'reversed', 'trr_' || n, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, status, external_payout_id, paid_at)
    SELECT ${id(5)}, ${person}, 90, 'USD', 'paid', 'po_' || n, ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO disputes (id, order_id, provider_dispute_id, connector_dispute_id, amount_minor, currency, status, opened_at)
    SELECT ${id(6)}, ${id(1)}, 'dp_of_router_' || n, 'dp_' || n, 90, 'USD', 'lost', ${at} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO statement_rows (statement_id, row_number, line, kind, ref, alt_ref, amount_minor, currency, at)
    SELECT ${SETTLEMENT_FILE}::uuid, 1 + n * 6 + k, 1, kind, prefix || n, 'pi_' || n, 90, 'USD', now()
    FROM ${numbers}, (VALUES (0, 'payment', 'pi_'), (1, 'refund', 're_'), (2, 'transfer', 'tr_'), (3, 'reversal', 'trr_'),
      (4, 'payout', 'po_'), (5, 'dispute', 'dp_')) AS kinds (k, kind, prefix)`);
}

test('a row of a file finds what it names through an index, whichever kind it is of', async () => {
  const nodes = await planAhead(database, matchQuery(SETTLEMENT_FILE, 0, 5_000));
  expect(walkedIn(nodes).filter((table) => MONEY.includes(table))).toEqual([]);
  expect(walkedIn(nodes)).not.toContain('statement_rows');
  expect(nodes.some((node) => node['Relation Name'] === 'orders')).toBe(true);
});

test('a row of a file is not compared with every other of its batch to see what was claimed', async () => {
  // A loader has just brought them: nothing has been counted.
  const nodes = await planAhead(database, matchQuery('00000000-0000-4000-8000-00000000000b', 0, 5_000));
  const claimed = nodes.filter((node) => node['CTE Name'] === 'claimed');
  expect(claimed.map((node) => node['Parent Relationship'])).toEqual(['SubPlan']);
});

test(
  'ours is not held against every claim of a file to see whether it is named',
  async () => {
    await database.db.execute(sql`
      INSERT INTO statement_claims (statement_id, kind, subject_id, row_number)
      SELECT ${SETTLEMENT_FILE}::uuid, 'payment', id, row_number() OVER () FROM orders`);
    // Nothing has counted them: that is how they stand when the search for what is missing begins.
    const query = sql`
      SELECT * FROM (${oursThatMoved('payment', 'stripe')}) AS page
      WHERE (${claimOf(SETTLEMENT_FILE, 'payment', sql`page.id`)}) IS NULL`;
    const nodes = await planAhead(database, query);
    const claims = nodes.filter((node) => node['Relation Name'] === 'statement_claims');
    expect(claims.map((node) => node['Node Type'])).toEqual([expect.stringMatching(/^Index (Only )?Scan$/)]);
  },
  FILL_TIMEOUT_MS,
);

test.each(CLAIMABLE)(
  '%s: what moved in the time of a file comes out of an index, page by page',
  async (kind) => {
    const query = sql`
      SELECT * FROM (${oursThatMoved(kind, 'stripe')}) AS moved
      WHERE at <= now() AND (at, id) > (now() - interval '1 hour', ${SETTLEMENT_FILE}::uuid) ORDER BY at, id LIMIT 100`;
    const nodes = await planAhead(database, query);
    expect(walkedIn(nodes)).toEqual([]);
  },
);
