import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { type Database, openDatabase } from '../../db/client.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import { createEmptyDatabase } from '../harness/services.ts';
import { startPgBouncer } from './pgbouncer.ts';
import { storyOn } from '../marketplace/verbs.ts';

const STATEMENT_TIMEOUT_MS = 900;

let url: string;
let database: Database;
beforeAll(async () => {
  const own = await createEmptyDatabase();
  const pooler = await startPgBouncer(own.url);
  url = pooler.url;
  // Two at once: the second waits for the first, on whatever connection each statement of theirs comes.
  const applied = await Promise.all([migrateDatabase(url), migrateDatabase(url)]);
  expect(applied.map((names) => names.length > 0).toSorted()).toEqual([false, true]);
  database = openDatabase(url, { statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  return async () => {
    await database.close();
    await pooler.stop();
    await own.drop();
  };
});

test('a sale, its refund and the check of the books, by verbs that share three connections', async () => {
  const patient = openDatabase(url);
  const story = await storyOn(patient);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const orderId = await story.complete();
      await story.refund(orderId, 100);
    }),
  );
  expect((await checkBooks(patient.db)).flatMap(({ violations }) => violations)).toEqual([]);
  await patient.close();
});

test('what the session may not be told is said with each BEGIN, and holds for that transaction alone', async () => {
  const limit = async (asked: Promise<readonly Record<string, unknown>[]>) =>
    (await asked)[0]?.['lock_timeout'];
  const seen = await Promise.all(
    Array.from({ length: 20 }, () =>
      database.db.transaction((tx) => limit(tx.execute(sql`SHOW lock_timeout`))),
    ),
  );
  expect(new Set(seen)).toEqual(new Set(['600ms']));
  const alone = await Promise.all(
    Array.from({ length: 20 }, () => limit(database.db.execute(sql`SHOW lock_timeout`))),
  );
  expect(new Set(alone)).toEqual(new Set(['0']));
});

test('one that drops our settings without a word is noticed: BEGIN sets them, and nothing is prepared', async () => {
  const drops = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
  const own = await createEmptyDatabase();
  const pooler = await startPgBouncer(own.url, { drops });
  const through = openDatabase(pooler.url, { statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  const asked = await Promise.all(
    Array.from({ length: 30 }, (_, place) =>
      through.db.transaction(async (tx) => {
        const [row] = await tx.execute(
          sql`SELECT ${place}::int AS place, current_setting('lock_timeout') AS lock`,
        );
        return row;
      }),
    ),
  );
  expect(asked).toEqual(Array.from({ length: 30 }, (_, place) => ({ place, lock: '600ms' })));
  const prepared = await through.db.execute(sql`SELECT count(*)::int AS count FROM pg_prepared_statements`);
  expect(prepared).toEqual([{ count: 0 }]);
  await through.close();
  await pooler.stop();
  await own.drop();
});

test('a statement by itself is given up by us', async () => {
  const failed: unknown = await database.db
    .execute(sql`SELECT pg_sleep(20)`)
    .catch((error: unknown) => error);
  expect(isUnavailable(failed)).toBe(true);
  expect(await database.db.execute(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});
