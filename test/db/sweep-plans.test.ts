import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { countSweepRows, listSweepRows, type SweepAsk, sweepQuery } from '../../db/queries/sweep.ts';
import { type Phase, PHASES } from '../../domain/reconcile.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { fillRows, OPEN_EVERY } from './many-rows.ts';
import { mostReadIn, planOf, plansOf, walkedIn } from './plans.ts';

// By name: `SWEEP_PLAN_ROWS=1000000 npx vitest run test/db/sweep-plans.test.ts`.
const ROWS = Number(process.env['SWEEP_PLAN_ROWS'] ?? 20_000);
const FILL_TIMEOUT_MS = 60_000 + 2 * ROWS;

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
  await fillRows(database, ROWS);
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

const ask = (phase: Phase): SweepAsk => ({
  phase,
  lookedBefore: new Date().toISOString(),
  engineRebuilt: false,
  orderStuckAfterMs: 1_800_000,
  refundStuckAfterMs: 1_800_000,
  refundOrphanAfterMs: 300_000,
});

const explain = (phase: Phase) => planOf(database, sweepQuery(ask(phase), 50));

test.each(PHASES)('%s: a batch comes out of indexes, which hold the open rows alone', async (phase) => {
  const nodes = await explain(phase);
  expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
  const scans = nodes.filter((node) => node['Index Name'] !== undefined);
  expect(scans.length).toBeGreaterThan(0);
  for (const scan of scans) expect(scan['Actual Rows']).toBeLessThanOrEqual(ROWS / OPEN_EVERY);
  expect(await listSweepRows(database.db, ask(phase), 50)).toHaveLength(50);
});

test.each(PHASES)('%s: what a drain has before it is counted in indexes too', async (phase) => {
  const { result, nodes } = await plansOf(database, (db) => countSweepRows(db, ask(phase)));
  expect(walkedIn(nodes)).toEqual([]);
  // Of work there are five kinds, and half of the refunds are the PSP's to go on with.
  const kinds = phase === 'lost_work' ? 4.5 : ['stuck_orders', 'inbox'].includes(phase) ? 1 : 0.5;
  expect(result).toBe(kinds * (ROWS / OPEN_EVERY));
  expect(mostReadIn(nodes)).toBeLessThanOrEqual(5 * (ROWS / OPEN_EVERY));
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
