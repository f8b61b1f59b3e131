import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { FIGURE_QUERIES, type Figures, readFigures, readStuckFigures } from '../../db/operators/figures.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { fillRows, OPEN_EVERY } from '../db/many-rows.ts';
import { planOf } from '../db/plans.ts';

// By name: `FIGURE_ROWS=1000000 npx vitest run test/operators/figures.test.ts`.
const ROWS = Number(process.env['FIGURE_ROWS'] ?? 20_000);
const OPEN_ROWS = ROWS / OPEN_EVERY;
const GIVEN_UP_ROWS = ROWS / 1_000;
const FILL_TIMEOUT_MS = 60_000 + 2 * ROWS;

let own: TestDatabase;
let database: DatabaseWithSql;
let figures: Figures;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
  await fill();
  figures = await readFigures(database.db);
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

async function fill(): Promise<void> {
  await fillRows(database, ROWS);
  const { db } = database;
  const someEnded = (table: string, status: string) =>
    sql.raw(`id IN (SELECT id FROM ${table} WHERE status = '${status}' ORDER BY id LIMIT ${GIVEN_UP_ROWS})`);
  await db.execute(sql`UPDATE seller_transfers SET status = 'permanently_failed', completed_at = NULL
    WHERE ${someEnded('seller_transfers', 'completed')}`);
  await db.execute(sql`UPDATE transfer_reversals SET status = 'permanently_failed'
    WHERE ${someEnded('transfer_reversals', 'reversed')}`);
  await db.execute(sql`INSERT INTO audit_log (actor, action, subject, at)
    SELECT 'system', CASE WHEN n % 2 = 0 THEN 'user.login' ELSE 'approval.request' END, 'account/' || n, now() - n * interval '1 minute'
    FROM generate_series(1, ${ROWS}::int) AS n`);
  await db.execute(sql`INSERT INTO person_keys (user_id, key_id, wrapped_key)
    SELECT id, id, 'enc:1:k1:tests' FROM users ORDER BY id LIMIT ${ROWS}::int`);
  await database.sql.unsafe('VACUUM ANALYZE');
}

/** Lists of people's work: short, whatever happens. */
const SHORT = new Set(['approvals', 'ops_flags', 'plan_prices']);

test.each(Object.entries(FIGURE_QUERIES))(
  '%s comes out of indexes that hold its rows alone',
  async (_, query) => {
    const nodes = await planOf(database, query);
    const walked = nodes.filter(
      (node) => node['Node Type'] === 'Seq Scan' && !SHORT.has(node['Relation Name'] ?? ''),
    );
    expect(walked.map((node) => node['Relation Name'])).toEqual([]);
    for (const node of nodes.filter((one) => one['Index Name'] !== undefined)) {
      expect(node['Actual Rows']).toBeLessThanOrEqual(OPEN_ROWS);
    }
  },
);

test('they count sign-ins of the last hour alone', () => {
  expect(figures.signIns).toEqual([{ result: 'signed_in', rows: 29 }]);
});

test('they count sealed values by the key that is missing, and none where all are there', async () => {
  const keys = { keys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] };
  const { db, close } = openWithSql(own.url, { maxConnections: 1, personalKeys: keys });
  expect((await readFigures(db)).unreadable).toEqual([]);
  await db.execute(sql`UPDATE person_keys SET wrapped_key = 'enc:1:k0:tests'
    WHERE user_id IN (SELECT user_id FROM person_keys ORDER BY user_id LIMIT 3)`);
  await db.execute(sql`INSERT INTO mails (id, kind, subject, status, recipient)
    VALUES (gen_random_uuid(), 'trial_over', 'account/nobody', 'queued', 'enc:1:k2:tests')`);
  await db.execute(sql`WITH lost AS (
      DELETE FROM person_keys WHERE user_id IN (SELECT user_id FROM person_keys ORDER BY user_id DESC LIMIT 2) RETURNING user_id)
    INSERT INTO mails (id, user_id, kind, subject, status, params)
    SELECT gen_random_uuid(), user_id, 'trial_over', 'account/' || user_id, 'queued', '"enc:1:one:tests"' FROM lost`);
  const { unreadable } = await readFigures(db);
  expect(unreadable.toSorted((one, other) => one.key.localeCompare(other.key))).toEqual([
    { key: 'k0', rows: 3 },
    { key: 'k2', rows: 1 },
    { key: 'person', rows: 2 },
  ]);
  await db.execute(sql`DELETE FROM mails WHERE recipient LIKE 'enc:1:%' OR jsonb_typeof(params) = 'string'`);
  await close();
});

test('they count exports and deletions by state and age', () => {
  const ofTwoHours = figures.people.filter(({ age }) => age === '1h_to_6h');
  expect(figures.people.reduce((sum, { rows }) => sum + rows, 0)).toBe(2 * OPEN_ROWS);
  expect(ofTwoHours).toMatchObject([
    { kind: 'export', state: 'building' },
    { kind: 'deletion', state: 'waiting' },
  ]);
  for (const { oldestAgeS } of ofTwoHours) expect(oldestAgeS).toBeGreaterThan(7_200);
});

test('they count what is open, by kind, with its money', () => {
  for (const kind of ['order', 'refund', 'transfer', 'reversal', 'payout', 'invoice']) {
    const found = figures.open.filter((row) => row.kind === kind);
    expect(found, kind).toHaveLength(1);
    expect(found[0], kind).toMatchObject({ status: 'pending', currency: 'USD', rows: OPEN_ROWS });
    expect(found[0]!.oldestAgeS, kind).toBeGreaterThan(7_200);
  }
  expect(figures.open.find(({ kind }) => kind === 'order')?.amountMinor).toBe(100 * OPEN_ROWS);
  expect(figures.refundAges.reduce((sum, { rows }) => sum + rows, 0)).toBe(OPEN_ROWS);
  expect(figures.webhooks).toMatchObject([
    { state: 'unprocessed', rows: OPEN_ROWS },
    { state: 'unmatched', rows: 0, oldestAgeS: 0 },
  ]);
  expect(figures.lastSweepAt).toBeNull();
});

test('they say how subscriptions stand: live ones, charges, what is deferred, and what people were told', async () => {
  expect(figures.subscriptions).toEqual([{ status: 'active', plan: 'creator', rows: OPEN_ROWS }]);
  expect(figures.deferred).toEqual([{ currency: 'USD', amountMinor: 666 * OPEN_ROWS }]);
  // All of them are older than the hour that is told of.
  expect(figures).toMatchObject({ charges: [], mails: [] });
  const { db } = database;
  await db.execute(sql`UPDATE invoice_payments SET created_at = now(), status = 'failed', decline_class = 'final'
    WHERE id IN (SELECT id FROM invoice_payments WHERE status = 'pending' ORDER BY id LIMIT 3)`);
  await db.execute(
    sql`UPDATE mails SET created_at = now() WHERE id IN (SELECT id FROM mails ORDER BY id LIMIT 2)`,
  );
  const then = await readFigures(db);
  expect(then.charges).toEqual([{ outcome: 'failed', declineClass: 'final', rows: 3 }]);
  expect(then.mails).toEqual([{ kind: 'invoice_receipt', rows: 2 }]);
  await db.execute(
    sql`UPDATE invoice_payments SET created_at = now() - interval '3 hours', status = 'pending' WHERE status = 'failed'`,
  );
});

test('and what automation gave up on, as long as nobody has taken it up again', async () => {
  const rowsOf = ({ givenUp }: Figures, of: string) => givenUp.find(({ kind }) => kind === of)?.rows;
  expect(rowsOf(figures, 'transfer')).toBe(GIVEN_UP_ROWS);
  expect(rowsOf(figures, 'reversal')).toBe(GIVEN_UP_ROWS);
  const { db } = database;
  await db.execute(sql`UPDATE transfer_reversals SET retry_of = (
      SELECT id FROM transfer_reversals WHERE status = 'permanently_failed' LIMIT 1)
    WHERE id = (SELECT id FROM transfer_reversals WHERE status = 'pending' LIMIT 1)`);
  await db.execute(sql`UPDATE seller_transfers SET amount_minor = 0, reversed_minor = 0
    WHERE id = (SELECT id FROM seller_transfers WHERE status = 'permanently_failed' LIMIT 1)`);
  const then = await readFigures(db);
  expect(rowsOf(then, 'reversal')).toBe(GIVEN_UP_ROWS - 1);
  expect(rowsOf(then, 'transfer')).toBe(GIVEN_UP_ROWS - 1);
});

test('what is stuck is counted by the threshold of its kind', async () => {
  const hours = (count: number) => count * 3_600_000;
  const never = hours(24 * 365 * 100);
  const all = {
    ...{ order: 0, refund: 0, orphan: 0, transfer: 0, reversal: 0, payout: 0 },
    ...{ invoice: 0, subscription: 0, webhook: 0, mail: 0, export: 0, deletion: 0 },
  };
  // A buyer who left their checkout is not stuck; the card on file of another is.
  const says = (answer: string, offset: number) =>
    database.db.execute(sql`UPDATE invoice_payments SET provider_status = ${answer}
      WHERE id IN (SELECT id FROM invoice_payments WHERE status = 'pending' ORDER BY id OFFSET ${offset} LIMIT 3)`);
  await says('requires_payment_method', 0);
  await says('processing', 3);
  const counted = await readStuckFigures(database.db, { ...all, order: never, webhook: hours(1) });
  expect(counted).toMatchObject({
    order: 0,
    transfer: OPEN_ROWS,
    payout: OPEN_ROWS,
    webhook: OPEN_ROWS,
    invoice: OPEN_ROWS - 3,
    subscription: OPEN_ROWS,
    export: OPEN_ROWS,
    // The other half says what it waits for.
    deletion: OPEN_ROWS / 2,
  });
  expect(counted.refund + counted.orphan).toBe(OPEN_ROWS);
});
