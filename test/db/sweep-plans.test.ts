import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../db/client.ts';
import { listSweepRows, type SweepAsk, sweepQuery } from '../../db/queries/sweep.ts';
import { type Phase, PHASES } from '../../domain/reconcile.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

// By name: `SWEEP_PLAN_ROWS=1000000 npx vitest run test/db/sweep-plans.test.ts`.
const ROWS = Number(process.env['SWEEP_PLAN_ROWS'] ?? 20_000);
/** One row in a hundred is open, as after a bad day. */
const OPEN_EVERY = 100;
const CHUNK = 20_000;
const FILL_TIMEOUT_MS = 60_000 + ROWS;

let own: TestDatabase;
let database: Database;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openDatabase(own.url, { maxConnections: 1 });
  for (let from = 0; from < ROWS; from += CHUNK) await fill(from, Math.min(from + CHUNK, ROWS));
  await database.sql.unsafe('ANALYZE');
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** An order in each row's place, with its refund, transfer, reversal, payout and webhook. */
async function fill(from: number, to: number): Promise<void> {
  const people = sql`'00000000-0000-4000-8000-000000000001'::uuid`;
  const id = (kind: number) => sql.raw(`md5('${kind}:' || n)::uuid`);
  const numbers = sql`generate_series(${from}::int, ${to - 1}::int) AS n`;
  const isOpen = sql.raw(`n % ${OPEN_EVERY} = 0`);
  const createdAt = sql`now() - interval '2 hours' - n * interval '1 second'`;
  const { db } = database;
  await db.execute(
    sql`INSERT INTO users (id, email, role) VALUES (${people}, 'everybody@veza.test', 'user') ON CONFLICT DO NOTHING`,
  );
  await db.execute(sql`
    INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, created_at)
    SELECT ${id(1)}, ${people}, 100, CASE WHEN ${isOpen} THEN NULL ELSE 100 END, CASE WHEN ${isOpen} THEN NULL ELSE 'USD' END,
      'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'completed' END, ${id(1)}::text, ${createdAt} FROM ${numbers}`);
  await db.execute(sql`
    INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id, created_at)
    SELECT ${id(2)}, ${id(1)}, 100, 'USD', CASE WHEN ${isOpen} THEN 'pending' ELSE 'succeeded' END,
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
    INSERT INTO webhook_events (id, provider, event_id, type, body, received_at, processed_at, outcome)
    SELECT ${id(6)}, 'hyperswitch', n::text, 'payment_succeeded', '{}', ${createdAt},
      CASE WHEN ${isOpen} THEN NULL ELSE now() END, CASE WHEN ${isOpen} THEN 'received' ELSE 'signalled' END FROM ${numbers}`);
}

const ask = (phase: Phase): SweepAsk => ({
  phase,
  lookedBefore: new Date().toISOString(),
  engineRebuilt: false,
  orderStuckAfterMs: 1_800_000,
  refundStuckAfterMs: 1_800_000,
  refundOrphanAfterMs: 300_000,
});

interface Node {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly Node[];
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

async function explain(phase: Phase): Promise<Node[]> {
  const rows = await database.db.execute<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
    sql`EXPLAIN (ANALYZE, FORMAT JSON) ${sweepQuery(ask(phase), 50)}`,
  );
  return nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan);
}

test.each(PHASES)('%s: a batch comes out of indexes, which hold the open rows alone', async (phase) => {
  const nodes = await explain(phase);
  expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
  const scans = nodes.filter((node) => node['Index Name'] !== undefined);
  expect(scans.length).toBeGreaterThan(0);
  for (const scan of scans) expect(scan['Actual Rows']).toBeLessThanOrEqual(ROWS / OPEN_EVERY);
  expect(await listSweepRows(database.db, ask(phase), 50)).toHaveLength(50);
});

test('rows that were looked at come last', async () => {
  const { db } = database;
  const first = await listSweepRows(db, ask('stuck_orders'), 3);
  await db.execute(
    sql`UPDATE orders SET reconcile_checked_at = now() - interval '1 day' WHERE id = ${first[0]!}::uuid`,
  );
  const then = await listSweepRows(db, ask('stuck_orders'), ROWS);
  expect(then.at(-1)).toBe(first[0]);
  expect(new Set(then).size).toBe(then.length);
});
