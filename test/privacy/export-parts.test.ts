import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExportedRow, ExportPart } from '../../db/kernel/index.ts';
import { EXPORT_PARTS, LEFT_OUT } from '../../db/privacy/export-parts.ts';
import { beginBuild } from '../../db/privacy/exports/begin-build.ts';
import { endBuild } from '../../db/privacy/exports/end-build.ts';
import { failBuild } from '../../db/privacy/exports/fail-build.ts';
import { readExportPage } from '../../db/privacy/exports/read-page.ts';
import { requestExport } from '../../db/privacy/exports/request-export.ts';
import { dataExports } from '../../db/privacy/schema.ts';
import { PERSONAL_TABLES } from '../../db/schema/personal.ts';
import { openWithSql } from '../../sandbox/database.ts';
import { addUser } from '../harness/api.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

let made: TestDatabase;
let database: ReturnType<typeof openWithSql>;
beforeAll(async () => {
  made = await createDatabaseFromTemplate();
  database = openWithSql(made.url, { maxConnections: 5 });
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const TERMS = { retry: { baseMs: 60_000, maxMs: 3_600_000 }, retriesMax: 5, ttlMs: 7 * 24 * 3_600_000 };
const ask = (userId: string) => requestExport(database.db, userId, { actor: userId });
const partNamed = (name: string): ExportPart => EXPORT_PARTS.find((part) => part.name === name)!;

/** All rows of a part, with the number of its pages. */
async function readAll(part: ExportPart, of: { id: string; userId: string }) {
  const rows: ExportedRow[] = [];
  let [pages, after] = [0, null as readonly string[] | null];
  for (;;) {
    const page = await readExportPage(database.db, part, { exportId: of.id, userId: of.userId, after });
    if (page.next === null) return { rows, pages };
    rows.push(...page.rows);
    after = page.next;
    pages += 1;
  }
}

const build = async (exportId: string) => {
  const begun = await beginBuild(database.db, exportId);
  if (!('attempt' in begun)) throw new Error(`it is ${begun.status}`);
  return begun;
};
const finish = async (exportId: string) =>
  endBuild(database.db, await build(exportId), { sizeBytes: 1, sha256: 'aa', parts: [] }, TERMS);
async function fail(exportId: string) {
  for (;;) {
    const attempt = await failBuild(database.db, await build(exportId), 'ENOSPC', TERMS);
    if (attempt.ended) return attempt;
  }
}

describe('what is in a copy', () => {
  const unsaid = (
    tables: readonly { table: string; of: readonly unknown[]; pseudonym?: readonly string[] }[],
  ) => {
    const said = new Set([...EXPORT_PARTS.flatMap((part) => part.tables), ...Object.keys(LEFT_OUT)]);
    return tables
      .filter(({ of, pseudonym = [] }) => of.length > 0 || pseudonym.length > 0)
      .flatMap(({ table }) => (said.has(table) ? [] : [table]));
  };

  test('each table with a person’s id has a part or a reason why not', () => {
    expect(unsaid(PERSONAL_TABLES)).toEqual([]);
    expect(unsaid([...PERSONAL_TABLES, { table: 'shoes', of: [], pseudonym: ['user_id'] }])).toEqual([
      'shoes',
    ]);
    const there = PERSONAL_TABLES.map(({ table }) => table);
    expect(Object.keys(LEFT_OUT).filter((table) => !there.includes(table))).toEqual([]);
    expect(new Set(EXPORT_PARTS.map(({ name }) => name)).size).toBe(EXPORT_PARTS.length);
  });

  test('no column is a hash, a secret or a token', () => {
    const names = EXPORT_PARTS.flatMap(({ name, columns }) =>
      Object.keys(columns).map((column) => `${name}.${column}`),
    );
    expect(names.filter((name) => /hash|secret|token|wrapped|prefix|idempotency/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(100);
  });

  test('every part is read for somebody who has nothing but an account and a session', async () => {
    const userId = await addUser(database);
    const copy = await ask(userId);
    const rows: Record<string, number> = {};
    for (const part of EXPORT_PARTS) {
      const read = await readAll(part, copy);
      if (read.rows.length > 0) rows[part.name] = read.rows.length;
    }
    expect(rows).toEqual({ profile: 1, sessions: 1, activity: 1, copies: 1 });
  });

  test('a part is read page by page, of what was there at the request, and equals the table', async () => {
    const userId = await addUser(database);
    const other = await addUser(database);
    const addSessions = (to: string, count: number, browser: string) =>
      database.db.execute(sql`
        INSERT INTO sessions (id, user_id, kind, secret_hash, amr, expires_at, ip, user_agent, created_at)
        SELECT gen_random_uuid(), ${to}, 'token', encode(sha256(gen_random_uuid()::text::bytea), 'hex'), '{pwd}',
          now() + interval '1 day', '192.0.2.' || n % 250, ${browser}, now() - n % 3 * interval '1 second'
        FROM generate_series(1, ${count}) AS n`);
    await addSessions(userId, 1_203, 'Firefox');
    await addSessions(other, 40, 'Chrome');
    const copy = await ask(userId);
    await addSessions(userId, 5, 'Later');
    await database.db.execute(sql`UPDATE sessions SET created_at = now() WHERE user_agent = 'Later'`);
    const { rows, pages } = await readAll(partNamed('sessions'), copy);
    const kept = await database.sql<{ id: string; ip: string }[]>`
      SELECT id, ip FROM sessions WHERE user_id = ${userId} AND user_agent IS DISTINCT FROM 'Later' ORDER BY created_at, id`;
    expect(rows.map((row) => ({ id: row['id'], ip: row['ip'] }))).toEqual([...kept]);
    expect(pages).toBe(3);
    expect(rows[0]).toMatchObject({ kind: 'token', amr: ['pwd'], ended_at: null });
    expect(rows[0]!['created_at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
  });

  test('a page ends after a megabyte', async () => {
    const userId = await addUser(database, 'creator');
    await database.db.execute(sql`
      INSERT INTO products (id, seller_id, title, price_minor, currency)
      SELECT gen_random_uuid(), ${userId}, repeat('x', 200000), 100, 'USD' FROM generate_series(1, 20)`);
    const { rows, pages } = await readAll(partNamed('products'), await ask(userId));
    expect(rows).toHaveLength(20);
    expect(pages).toBe(4);
  });
});

describe('asking for a copy', () => {
  test('a second one while one is open is the same one', async () => {
    const userId = await addUser(database);
    const asked = await Promise.all([1, 2, 3, 4, 5].map(() => ask(userId)));
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
    const entries = await database.sql`
      SELECT action, actor FROM audit_log WHERE subject = ${`export/${asked[0]!.id}`}`;
    expect(entries.map((entry) => ({ ...entry }))).toEqual([
      { action: 'user.export_request', actor: userId },
    ]);
  });

  test('a fourth in a day is refused, those that failed are not counted, and a day later it goes on', async () => {
    const userId = await addUser(database);
    for (let times = 0; times < 2; times += 1)
      expect((await fail((await ask(userId)).id)).status).toBe('failed');
    const first = await ask(userId);
    await finish(first.id);
    for (let times = 0; times < 2; times += 1) await finish((await ask(userId)).id);
    const refused = await ask(userId).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'export_limit_reached' });
    const { retry_after_s: waitS } = (refused as { extra: { retry_after_s: number } }).extra;
    expect(waitS).toBeGreaterThan(86_000);
    expect(waitS).toBeLessThanOrEqual(86_400);
    await database.db
      .update(dataExports)
      .set({ requestedAt: sql`now() - interval '24 hours 1 second'` })
      .where(eq(dataExports.id, first.id));
    expect((await ask(userId)).status).toBe('queued');
  });

  test('nobody who is being erased gets one', async () => {
    const userId = await addUser(database);
    await database.db.execute(sql`UPDATE users SET status = 'erasing' WHERE id = ${userId}`);
    await expect(ask(userId)).rejects.toMatchObject({ code: 'user_not_found' });
  });
});

describe('attempts at a copy', () => {
  test('an attempt has a file of its own, and only the last one may keep its', async () => {
    const copy = await ask(await addUser(database));
    const [first, second] = [await build(copy.id), await build(copy.id)];
    expect([first.fileKey, second.fileKey]).toEqual([`exports/${copy.id}/1`, `exports/${copy.id}/2`]);
    const file = { sizeBytes: 7, sha256: 'ab', parts: [] };
    expect(await endBuild(database.db, first, file, TERMS)).toMatchObject({ status: 'building' });
    expect(await endBuild(database.db, second, file, TERMS)).toMatchObject({ status: 'ready' });
    expect(await endBuild(database.db, second, file, TERMS)).toMatchObject({ status: 'ready' });
    const [row] = await database.db.select().from(dataExports).where(eq(dataExports.id, copy.id));
    expect(row).toMatchObject({ fileKey: second.fileKey, sizeBytes: 7, attempt: 2, nextAttemptAt: null });
    expect(row!.expiresAt!.getTime() - row!.readyAt!.getTime()).toBe(TERMS.ttlMs);
    const mails = await database.sql`SELECT kind FROM mails WHERE subject = ${`export/${copy.id}`}`;
    expect(mails.map(({ kind }) => String(kind))).toEqual(['export_ready']);
  });

  test('five retries, a minute apart and doubling, then it has failed: a mail and a flag', async () => {
    const copy = await ask(await addUser(database));
    const delays: number[] = [];
    for (;;) {
      const attempt = await failBuild(database.db, await build(copy.id), 'ECONNREFUSED', TERMS);
      if (attempt.ended) break;
      delays.push(attempt.delayMs / 60_000);
    }
    expect(delays).toEqual([1, 2, 4, 8, 16]);
    const [row] = await database.db.select().from(dataExports).where(eq(dataExports.id, copy.id));
    expect(row).toMatchObject({ status: 'failed', errorCode: 'ECONNREFUSED', attempt: 6, fileKey: null });
    const subject = `export/${copy.id}`;
    const mails = await database.sql`SELECT kind FROM mails WHERE subject = ${subject}`;
    expect(mails.map(({ kind }) => String(kind))).toEqual(['export_failed']);
    const flags =
      await database.sql`SELECT kind FROM ops_flags WHERE subject = ${subject} AND cleared_at IS NULL`;
    expect(flags.map(({ kind }) => String(kind))).toEqual(['export_failed']);
  });
});
