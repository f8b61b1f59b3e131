import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeBearerCall } from '../../db/accounts/index.ts';
import { openDatabase } from '../../db/client.ts';
import { asynchronousCommit, takeSlot } from '../../db/kernel/index.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['activities', 'api', 'db', 'inbox', 'observe', 'operations', 'ops'];
/** Each of them forgets a count, or does a thing again. */
const MAY_FORGET = [
  'db/kernel/keep-ask.ts',
  'db/kernel/sliding-window.ts',
  'db/kernel/take-slot.ts',
  'db/webhooks/settle.ts',
];
const DEFINED = ['db/kernel/asynchronous-commit.ts', 'db/kernel/index.ts'];

let own: TestDatabase;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
});
afterAll(() => own.drop());

it('only counts of calls, asks and the outcome of a webhook are committed before they are on disk', () => {
  const naming = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
      .filter((file) => /asynchronousCommit|synchronous_commit/.test(readFileSync(join(ROOT, file), 'utf8'))),
  );
  expect(naming.toSorted()).toEqual([...DEFINED, ...MAY_FORGET].toSorted());
});

it('an asynchronous commit is of one statement: what the same connection commits next waits for the disk', async () => {
  const direct = openDatabase(own.url, { maxConnections: 1 });
  await direct.db.execute(
    sql.raw(`ALTER DATABASE "${new URL(own.url).pathname.slice(1)}" SET synchronous_commit = 'on'`),
  );
  await direct.close();
  const database = openDatabase(own.url, { maxConnections: 1 });
  const setting = async () => {
    const [row] = await database.db.execute<{ value: string }>(
      sql`SELECT current_setting('synchronous_commit') AS value`,
    );
    return row?.value;
  };
  try {
    expect(await setting()).toBe('on');
    const [row] = await database.db.execute<{ set: string }>(sql`SELECT ${asynchronousCommit} AS set`);
    expect(row?.set).toBe('off');
    expect(await setting()).toBe('on');
    expect(await takeSlot(database.db, 'stripe', { perSecond: 1, burst: 1 })).toBe(true);
    const userId = '01980000-0000-7000-8000-000000000001';
    expect(await takeBearerCall(database.db, { userId, sessionId: null, perMinute: 10 })).toMatchObject({
      isAllowed: true,
      remaining: 9,
    });
    expect(await setting()).toBe('on');
  } finally {
    await database.close();
  }
});
