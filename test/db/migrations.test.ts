import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { readStripeAccount } from '../../db/sellers/index.ts';
import { readSellerStatement } from '../../db/payouts/seller-statement.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createEmptyDatabase, type TestDatabase } from '../harness/services.ts';

// What was written before a migration is there after it. The baseline is frozen: these rows will never have to change.

const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url));
const BASELINE = 2;
const idOf = (end: string) => `00000000-0000-7000-8000-${end.padStart(12, '0')}`;
const SELLER = idOf('2');

type Rows = Record<string, Record<string, unknown>[]>;

let own: TestDatabase;
let database: DatabaseWithSql;
let before: Rows;

beforeAll(async () => {
  own = await createEmptyDatabase();
  database = openWithSql(own.url, { maxConnections: 2 });
  const folder = await mkdtemp(join(tmpdir(), 'veza-baseline-'));
  await cp(MIGRATIONS, folder, { recursive: true });
  const journal = join(folder, 'meta/_journal.json');
  const { entries, ...rest } = JSON.parse(await readFile(journal, 'utf8')) as { entries: unknown[] };
  await writeFile(journal, JSON.stringify({ ...rest, entries: entries.slice(0, BASELINE) }));
  await migrate(database.db, { migrationsFolder: folder });
  await rm(folder, { recursive: true });
  await database.sql.unsafe(await readFile(new URL('./baseline-rows.sql', import.meta.url), 'utf8'));
  before = await rowsOf();
  await migrateDatabase(own.url);
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

async function rowsOf(): Promise<Rows> {
  const tables = await database.sql<{ name: string }[]>`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`;
  const found: Rows = {};
  for (const { name } of tables) {
    const rows = await database.sql<{ row: Record<string, unknown> }[]>`
      SELECT to_jsonb(t) AS row FROM ${database.sql(name)} AS t ORDER BY to_jsonb(t)->>'id', ctid`;
    found[name] = rows.map(({ row }) => row);
  }
  return found;
}

/** Tables that a migration gave another name, and rows that it made of others. */
const RENAMED: Readonly<Record<string, string>> = { seller_onboardings: 'seller_accounts' };
const MADE: Readonly<Record<string, (row: Record<string, unknown>) => boolean>> = {
  seller_accounts: ({ stripe_account_id: account }) => account !== null,
};

/** In columns that both have. */
const common = (row: Record<string, unknown>, other: Record<string, unknown> | undefined) =>
  Object.fromEntries(Object.entries(row).filter(([column]) => column in (other ?? {})));

test('every row of the baseline is there after all migrations, in the columns that stayed', async () => {
  const after = await rowsOf();
  expect(Object.values(before).flat().length).toBeGreaterThan(40);
  for (const [was, rows] of Object.entries(before)) {
    const table = RENAMED[was] ?? was;
    const now = (after[table] ?? []).filter((row) => MADE[table]?.(row) !== true);
    expect(
      rows.map((row, index) => common(row, now[index])),
      table,
    ).toEqual(now.map((row, index) => common(row, rows[index])));
  }
});

test('the books agree after all migrations', async () => {
  const checked = await checkBooks(database.db);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});

test('each entry of the ledger is of what moved, in the story of its order or payout', async () => {
  const entries = await database.sql<Record<'kind' | 'of' | 'root', string>[]>`
    SELECT DISTINCT right(transaction_id::text, 1)::int AS posting, kind, of_kind || '/' || of_id AS of, root_kind || '/' || root_id AS root
    FROM ledger_entries ORDER BY 1`;
  const order = `order/${idOf('21')}`;
  const payout = `payout/${idOf('61')}`;
  expect(entries.map(({ kind, of, root }) => [kind, of, root])).toEqual([
    ['order_completed', order, order],
    ['transfer_completed', `transfer/${idOf('41')}`, order],
    ['refund_succeeded', `refund/${idOf('31')}`, order],
    // The reversal that stands, not the one that was given up.
    ['reversal_done', `reversal/${idOf('52')}`, order],
    ['refund_succeeded', `refund/${idOf('32')}`, order],
    ['reversal_written_off', `reversal/${idOf('53')}`, order],
    ['payout_asked', payout, payout],
    ['payout_paid', payout, payout],
    ['order_completed', `order/${idOf('81')}`, `order/${idOf('81')}`],
  ]);
});

test("what Stripe said of sellers' accounts is in their rows, beside what was asked for", async () => {
  const rows = await database.sql`
    SELECT right(user_id::text, 1) AS seller, stripe_account_id AS account, transfers_enabled, payouts_enabled, country,
      asked_at IS NOT NULL AS asked FROM seller_accounts ORDER BY user_id`;
  const none = { country: null, asked: false };
  expect([...rows]).toEqual([
    { seller: '2', account: 'acct_whole', transfers_enabled: true, payouts_enabled: false, ...none },
    { seller: '3', account: 'acct_untold', transfers_enabled: null, payouts_enabled: null, ...none },
    ...[
      {
        seller: '4',
        account: null,
        transfers_enabled: null,
        payouts_enabled: null,
        country: 'FR',
        asked: true,
      },
    ],
  ]);
  expect(await readStripeAccount(database.db, SELLER)).toMatchObject({
    stripeAccountId: 'acct_whole',
    transfersEnabled: true,
    payoutsEnabled: false,
  });
});

test('the ledger is append-only again', async () => {
  await expect(database.sql`UPDATE ledger_entries SET amount_minor = 1`).rejects.toThrow('append-only');
});

test("a seller's statement names the same rows as it did", async () => {
  const page = await readSellerStatement(
    database.db,
    { sellerId: SELLER, from: null, to: new Date('2027-01-01') },
    { limit: 20, afterId: null },
  );
  const ids = page!.lines.map(({ kind, orderId, refundId, transferId, payoutId, feeMinor }) => [
    ...[kind, feeMinor],
    ...[orderId, refundId, transferId, payoutId].map((id) => id?.slice(-2) ?? null),
  ]);
  expect(ids).toEqual([
    ['order_completed', 100, '21', null, null, null],
    ['transfer_completed', 0, '21', null, '41', null],
    ['refund_succeeded', -20, '21', '31', null, null],
    ['reversal_done', 0, '21', '31', '41', null],
    ['refund_succeeded', -20, '21', '32', null, null],
    ['reversal_written_off', 0, '21', '32', '41', null],
    ['payout_asked', 0, null, null, null, '61'],
    ['payout_paid', 0, null, null, null, '61'],
    ['order_completed', 100, '81', null, null, null],
  ]);
  expect(page!.lines.at(-1)?.balance).toMatchObject({ pending: 900, available: 440, connected: 440 });
});
