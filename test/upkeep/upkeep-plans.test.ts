import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  listWaitingMails,
  ROWS_OVER,
  sessionAddressesOver,
  SESSIONS_WITH_TOKENS,
  unconfirmedAccounts,
} from '../../db/accounts/index.ts';
import {
  auditAddressesOver,
  forgetRowsOver,
  listRowsOver,
  readClock,
  removeRowsOver,
} from '../../db/kernel/index.ts';
import { bodiesOver } from '../../db/webhooks/index.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { mostReadIn, plansOf, walkedIn } from '../db/plans.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

// By name: `UPKEEP_PLAN_ROWS=1000000 npx vitest run test/upkeep/upkeep-plans.test.ts`.
const ROWS = Number(process.env['UPKEEP_PLAN_ROWS'] ?? 20_000);
/** One row in a hundred is over. */
const OVER_EVERY = 100;
const BATCH = 100;
const FILL_TIMEOUT_MS = 60_000 + 2 * ROWS;
const DAY_MS = 24 * 60 * 60 * 1000;
const WEEK_MS = 7 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
  await fill(database);
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** A person in each row's place, with a session, its refresh token, a mail, and a row of each kind that comes to an end. */
async function fill({ db }: DatabaseWithSql): Promise<void> {
  const numbers = sql`generate_series(1, ${ROWS}::int) AS n`;
  const id = sql.raw(`md5('upkeep:' || n)::uuid`);
  const hash = sql.raw(`md5('upkeep:' || n) || md5('upkeep:' || n)`);
  const isOver = sql.raw(`n % ${OVER_EVERY} = 0`);
  /** So long after the time from which a row is over, or before. */
  const overBy = (kept: string) =>
    sql`now() - ${sql.raw(`interval '${kept}'`)} + CASE WHEN ${isOver} THEN -1 ELSE 1 END * n * interval '1 second'`;
  const sealed = 'enc:1:tests:value';
  await db.execute(sql`INSERT INTO users (id, email, role, is_verified, registered_at)
    SELECT ${id}, 'upkeep-' || n || '@veza.test', 'user', n % 2 = 1, ${overBy('7 days')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO account_tokens (id, user_id, purpose, token_hash, expires_at)
    SELECT ${id}, ${id}, 'verify_email', ${hash}, ${overBy('0')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO oauth_states (state_hash, provider, purpose, code_verifier, redirect_url, browser_hash, expires_at)
    SELECT ${hash}, 'github', 'sign_in', ${sealed}, '', '', ${overBy('0')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO oauth_codes (code_hash, user_id, browser_hash, expires_at)
    SELECT ${hash}, ${id}, '', ${overBy('0')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO two_factor_challenges (id, user_id, token_hash, amr, expires_at)
    SELECT ${id}, ${id}, ${hash}, '{pwd}', ${overBy('0')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO sessions (id, user_id, kind, secret_hash, amr, expires_at, ip, user_agent, created_at)
    SELECT ${id}, ${id}, 'token', ${hash}, '{pwd}', ${overBy('30 days')} + CASE WHEN ${isOver} THEN interval '0' ELSE interval '31 days' END,
      '203.0.113.7', 'a browser', ${overBy('365 days')} FROM ${numbers}`);
  await db.execute(
    sql`INSERT INTO refresh_tokens (id, session_id, token_hash) SELECT ${id}, ${id}, ${hash} FROM ${numbers}`,
  );
  await db.execute(
    sql`INSERT INTO auth_failures (scope, failures, since) SELECT ${hash}, 1, ${overBy('1 day')} FROM ${numbers}`,
  );
  await db.execute(sql`INSERT INTO client_usage (scope, since, used, used_before, last_used_at)
    SELECT ${hash}, ${overBy('1 day')}, 1, 0, now() FROM ${numbers}`);
  await db.execute(sql`INSERT INTO bearer_usage (user_id, minute, used, used_before, last_used_at)
    SELECT ${id}, ${overBy('1 day')}, 1, 0, now() FROM ${numbers}`);
  await db.execute(sql`INSERT INTO mails (id, user_id, kind, subject, status)
    SELECT ${id}, ${id}, 'session_reuse', 'account/' || n, CASE WHEN ${isOver} THEN 'queued' ELSE 'sent' END FROM ${numbers}`);
  await db.execute(sql`INSERT INTO audit_log (actor, action, subject, ip, user_agent, at)
    SELECT 'system', 'user.login', 'account/' || n, '203.0.113.7', 'a browser', ${overBy('365 days')} FROM ${numbers}`);
  await db.execute(sql`INSERT INTO webhook_events (id, provider, event_id, type, body, processed_at, outcome)
    SELECT ${id}, 'stripe', 'evt_' || n, 'payout.paid', '{}', ${overBy('90 days')}, 'signalled' FROM ${numbers}`);
  await database.sql.unsafe('ANALYZE');
}

const ADDRESSES = [sessionAddressesOver(YEAR_MS), auditAddressesOver(YEAR_MS)];
const BODIES = bodiesOver(90 * DAY_MS);
const LOOKS = [unconfirmedAccounts(WEEK_MS), SESSIONS_WITH_TOKENS, ...ADDRESSES, BODIES, ...ROWS_OVER];

test.each(LOOKS.map((rows) => [rows.table, rows] as const))(
  '%s: a batch comes out of an index, from its beginning and behind another',
  async (_, rows) => {
    const by = await readClock(database.db);
    const first = await plansOf(database, (db) => listRowsOver(db, rows, { by, after: null, limit: BATCH }));
    expect(first.result).toHaveLength(BATCH);
    const after = first.result.at(-1)!;
    const second = await plansOf(database, (db) => listRowsOver(db, rows, { by, after, limit: BATCH }));
    expect(second.result.length).toBeGreaterThan(0);
    expect(second.result.map(({ key }) => key)).not.toContain(after.key);
    for (const { nodes } of [first, second]) {
      expect(walkedIn(nodes)).toEqual([]);
      // Of rows of one time, which lie beside each other, some more may be read than are taken.
      expect(mostReadIn(nodes)).toBeLessThanOrEqual(ROWS / OVER_EVERY);
    }
  },
);

test.each(ADDRESSES.map((rows) => [rows.table, rows] as const))(
  '%s: addresses of a batch are forgotten by its keys',
  async (_, rows) => {
    const by = await readClock(database.db);
    const found = await listRowsOver(database.db, rows, { by, after: null, limit: BATCH });
    const keys = found.map(({ key }) => key);
    const { result, nodes } = await plansOf(database, (db) => forgetRowsOver(db, rows, { by, keys }));
    expect(result.toSorted()).toEqual(keys.toSorted());
    expect(walkedIn(nodes)).toEqual([]);
    expect(mostReadIn(nodes)).toBeLessThanOrEqual(ROWS / OVER_EVERY);
  },
);

test.each(ROWS_OVER.map((rows) => [rows.table, rows] as const))(
  '%s: a batch is removed by its keys',
  async (table, rows) => {
    const by = await readClock(database.db);
    if (table === 'sessions') await database.sql`DELETE FROM refresh_tokens`;
    const found = await listRowsOver(database.db, rows, { by, after: null, limit: BATCH });
    const keys = found.map(({ key }) => key);
    const { result, nodes } = await plansOf(database, (db) => removeRowsOver(db, rows, { by, keys }));
    expect(result.toSorted()).toEqual(keys.toSorted());
    expect(walkedIn(nodes)).toEqual([]);
    expect(mostReadIn(nodes)).toBeLessThanOrEqual(ROWS / OVER_EVERY);
  },
);

test('mails that wait come out of an index', async () => {
  const { result, nodes } = await plansOf(database, (db) =>
    listWaitingMails(db, { after: null, limit: BATCH }),
  );
  expect(result.mails).toHaveLength(BATCH);
  expect(walkedIn(nodes)).toEqual([]);
});

test('whatever refers to what is removed is found by an index, so that no removal walks a table', async () => {
  const unindexed = await database.sql`
    SELECT c.conrelid::regclass::text || '.' || a.attname AS column
    FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid::regclass::text IN ('users', 'sessions', 'refresh_tokens', 'api_keys', 'account_tokens')
      AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
        AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)'))`;
  expect([...unindexed]).toEqual([]);
});
