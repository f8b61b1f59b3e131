import { sql } from 'drizzle-orm';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../db/client.ts';
import { GuardMissed } from '../../db/connections/driver.ts';
import { writeOne } from '../../db/kernel/index.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { until } from '../harness/wait.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

let own: TestDatabase;
let direct: DatabaseWithSql;
let proxy: TcpProxy;
/** Ours, over a wire that can be cut. */
let database: Database;
let url: string;

const MAX = 4;
const STATEMENT_TIMEOUT_MS = 600;

beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  direct = openWithSql(own.url, { maxConnections: 3 });
  await direct.sql`CREATE TABLE notes (id int PRIMARY KEY, email text UNIQUE, minor int CHECK (minor >= 0))`;
  return async () => {
    await direct.close();
    await own.drop();
  };
});
beforeEach(async () => {
  await direct.sql`TRUNCATE notes`;
  await direct.sql`INSERT INTO notes VALUES (0, 'ada@veza.test', 0)`;
  const { hostname: host, port } = new URL(own.url);
  proxy = await startTcpProxy({ host, port: Number(port) });
  const proxied = new URL(own.url);
  proxied.host = proxy.address;
  url = proxied.href;
  database = openDatabase(url, { maxConnections: MAX, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
});
afterEach(async () => {
  await database.close();
  await proxy.down();
});

const answers = () => database.db.execute(sql`SELECT 1`).then(() => true);
const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'it went well',
    (error: unknown) => error,
  );
const notes = async () =>
  (await direct.sql<{ id: number }[]>`SELECT id FROM notes ORDER BY id`).map((row) => row.id);
const note = (id: number) => sql`INSERT INTO notes VALUES (${id})`;
/** Backends of ours that wait for a lock, or do nothing within a transaction. */
const backends = async (how: 'waiting' | 'idle in transaction') =>
  (
    await direct.sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'veza' AND
        CASE WHEN ${how} = 'waiting' THEN wait_event_type = 'Lock' ELSE state = ${how} END`
  ).map((row) => row.pid);
const terminate = async (how: 'waiting' | 'idle in transaction') => {
  const [pid] = await until(
    () => backends(how),
    (pids) => pids.length === 1,
  );
  await direct.sql`SELECT pg_terminate_backend(${pid!})`;
};

describe('a connection that ends within a transaction ends that transaction alone', () => {
  test('cut between two statements: the second runs nowhere, also where others ask meanwhile', async () => {
    const failed = failureOf(
      database.db.transaction(async (tx) => {
        await tx.execute(note(1));
        proxy.cut();
        // Others get connections of their own, in whatever place the lost one had.
        await until(answers, Boolean);
        await Promise.all(Array.from({ length: MAX - 1 }, answers));
        await tx.execute(note(2));
      }),
    );
    expect(isUnavailable(await failed)).toBe(true);
    expect(await notes()).toEqual([0]);
    expect(await answers()).toBe(true);
  });

  test('pg_terminate_backend while it waits for a row lock', async () => {
    const { sql: holder } = direct;
    await holder.begin(async (held) => {
      await held`UPDATE notes SET minor = 1 WHERE id = 0`;
      const failed = failureOf(
        openedLong().db.transaction((tx) => tx.execute(sql`SELECT id FROM notes WHERE id = 0 FOR UPDATE`)),
      );
      await terminate('waiting');
      expect(isUnavailable(await failed)).toBe(true);
    });
    expect(await answers()).toBe(true);
  });

  test('pg_terminate_backend between two statements', async () => {
    const failed = failureOf(
      openedLong().db.transaction(async (tx) => {
        await tx.execute(note(1));
        await terminate('idle in transaction');
        await until(answers, Boolean);
        await tx.execute(note(2));
      }),
    );
    expect(isUnavailable(await failed)).toBe(true);
    expect(await notes()).toEqual([0]);
  });

  test('many at once, cut over and over: nothing half done is kept, and all is well afterwards', async () => {
    let id = 0;
    const kept: number[] = [];
    const over = new AbortController();
    const work = async () => {
      while (!over.signal.aborted) {
        const [first, second] = [(id += 1), (id += 1)];
        const done = database.db.transaction(async (tx) => {
          await tx.execute(note(first));
          await tx.execute(note(second));
        });
        await done.then(
          () => kept.push(first, second),
          () => undefined,
        );
      }
    };
    const workers = Array.from({ length: 2 * MAX }, work);
    for (let cuts = 0; cuts < 15; cuts += 1) {
      const before = kept.length;
      await until(
        async () => kept.length,
        (now) => now > before,
      );
      proxy.cut();
    }
    over.abort();
    await Promise.all(workers);
    const there = await notes();
    expect(there).toEqual(expect.arrayContaining(kept));
    // Of each pair both or none: what was cut at its COMMIT may be there.
    expect(there.slice(1).filter((one) => one % 2 === 1)).toEqual(
      there
        .slice(1)
        .filter((one) => one % 2 === 0)
        .map((one) => one - 1),
    );
    // A line whose end has not been heard of yet may fail once more.
    expect(await until(answers, Boolean)).toBe(true);
  });

  /** The transaction's own limits must not come first. */
  function openedLong(): Database {
    const opened = openDatabase(url, { maxConnections: 1 });
    closing.push(opened);
    return opened;
  }
  const closing: Database[] = [];
  afterEach(async () => {
    for (const opened of closing.splice(0)) await opened.close();
  });
});

test('cut at COMMIT: unavailable, since the outcome is unknown; here it was carried out', async () => {
  const lost = proxy.loseAnswerTo('commit');
  const failed = await failureOf(database.db.transaction((tx) => tx.execute(note(1))));
  await lost;
  expect(isUnavailable(failed)).toBe(true);
  expect(await notes()).toEqual([0, 1]);
});

test('a transaction that swallowed the failure of a statement is not taken for done', async () => {
  // The end of a line that an earlier test cut may not have been heard of yet.
  await until(
    () => Promise.all(Array.from({ length: MAX }, answers)),
    (all) => all.every(Boolean),
  );
  const failed = await failureOf(
    database.db.transaction(async (tx) => {
      await tx.execute(note(1));
      await tx.execute(note(0)).catch(() => undefined);
      return 'done';
    }),
  );
  expect(failed).toMatchObject({ code: '23505' });
  expect(await notes()).toEqual([0]);

  await database.db.transaction(async (tx) => {
    await tx.execute(note(2));
    await tx.transaction((inner) => inner.execute(note(0))).catch(() => undefined);
  });
  expect(await notes()).toEqual([0, 2]);
});

test('a transaction that is over sends nothing more', async () => {
  let late: (() => Promise<unknown>) | undefined;
  await database.db.transaction(async (tx) => {
    await tx.execute(note(1));
    late = async () => tx.execute(note(2));
  });
  expect((await failureOf(late!())) as Error).toMatchObject({ cause: { code: '25P01' } });
  expect(await notes()).toEqual([0, 1]);
});

describe('a far side that does not answer', () => {
  test('a pooler that says goodbye at once is dialled a few times, and whoever asks is told', async () => {
    proxy.hangUp();
    const askedAt = performance.now();
    while (performance.now() - askedAt < 2_000) expect(isUnavailable(await failureOf(answers()))).toBe(true);
    expect(proxy.dials).toBeLessThan(15);
    proxy.speak();
    expect(await until(() => answers().catch(() => false), Boolean)).toBe(true);
  });

  test('one that refuses is dialled a few times, however many ask', async () => {
    await proxy.down();
    const askedAt = performance.now();
    while (performance.now() - askedAt < 500) {
      const failures = await Promise.all(Array.from({ length: 20 }, () => failureOf(answers())));
      for (const failure of failures) expect(isUnavailable(failure)).toBe(true);
    }
    await proxy.up();
    expect(await until(() => answers().catch(() => false), Boolean)).toBe(true);
  });

  test('connections that fall silent are given up, those that rest with them', async () => {
    await Promise.all(
      Array.from({ length: MAX }, () =>
        database.db.transaction((tx) => tx.execute(sql`SELECT pg_sleep(0.1)`)),
      ),
    );
    expect(proxy.open).toBe(MAX);
    proxy.silence();
    const failed = await failureOf(database.db.transaction((tx) => tx.execute(note(1))));
    expect(isUnavailable(failed)).toBe(true);
    await until(
      async () => proxy.open,
      (open) => open === 0,
    );
    // And one that is dialled now.
    expect(isUnavailable(await failureOf(answers()))).toBe(true);
    proxy.speak();
    expect(await until(() => answers().catch(() => false), Boolean)).toBe(true);
    expect(await notes()).toEqual([0]);
  });
});

describe('a write that nobody waits for', () => {
  const isTaken = { code: '23505', table_name: 'notes' };
  /** PostgreSQL's refusal, whether the ORM has put its own error around it or not. */
  const refusalOf = async (asked: Promise<unknown>) => {
    const failed = await failureOf(asked);
    return failed instanceof Error && failed.cause !== undefined ? failed.cause : failed;
  };

  test('its failure is the transaction’s, whatever was sent behind it, and nothing is kept', async () => {
    const behind: readonly ((tx: Tx) => Promise<unknown>)[] = [
      async () => 'nothing',
      (tx) => tx.execute(note(2)),
      (tx) => tx.execute(sql`SELECT 1 AS one`),
    ];
    for (const next of behind) {
      const failed = await refusalOf(
        database.db.transaction(async (tx) => {
          await tx.execute(note(1));
          await tx.execute(note(0));
          await next(tx);
        }),
      );
      expect(failed).toMatchObject(isTaken);
      expect(await notes()).toEqual([0]);
    }
  });

  test('in a savepoint it fails there, and the transaction goes on without it', async () => {
    await database.db.transaction(async (tx) => {
      await tx.execute(note(1));
      const failed = await refusalOf(tx.transaction((inner) => inner.execute(note(0))));
      expect(failed).toMatchObject(isTaken);
      await tx.execute(note(2));
      const rows = await tx.execute(sql`SELECT id FROM notes ORDER BY id`);
      expect(rows.map((row) => row['id'])).toEqual([0, 1, 2]);
    });
    expect(await notes()).toEqual([0, 1, 2]);
  });

  test('a guarded one that finds its row changed fails the transaction, and nothing is kept', async () => {
    const moved = (minor: number) => sql`UPDATE notes SET minor = 7 WHERE id = 0 AND minor = ${minor}`;
    const transaction = (minor: number) =>
      database.db.transaction(async (tx) => {
        await tx.execute(note(1));
        await writeOne(tx, moved(minor));
      });
    expect(await failureOf(transaction(99))).toBeInstanceOf(GuardMissed);
    expect(await notes()).toEqual([0]);
    await transaction(0);
    expect(await notes()).toEqual([0, 1]);
  });

  test('one that is there when the transaction reads is read', async () => {
    const seen = await database.db.transaction(async (tx) => {
      await tx.execute(sql`SELECT 1`);
      await tx.execute(note(1));
      return tx.execute(sql`SELECT id FROM notes WHERE id = 1`);
    });
    expect(seen).toEqual([{ id: 1 }]);
  });
});

test('what is asked often is prepared, what is asked once is not', async () => {
  const alone = openDatabase(url, { maxConnections: 1 });
  for (let times = 0; times < 5; times += 1) {
    await alone.db.execute(sql`SELECT id FROM notes WHERE id = ${times}`);
    await alone.db.execute(sql.raw(`SELECT id FROM notes WHERE id = ${times}`));
  }
  const texts = await alone.db.execute(sql`SELECT statement FROM pg_prepared_statements ORDER BY statement`);
  expect(texts).toEqual([{ statement: 'SELECT id FROM notes WHERE id = $1' }]);
  await alone.close();
});

test('a lock is not waited for without end', async () => {
  await direct.sql.begin(async (held) => {
    await held`UPDATE notes SET minor = 1 WHERE id = 0`;
    const failed = await failureOf(
      database.db.transaction((tx) => tx.execute(sql`SELECT id FROM notes WHERE id = 0 FOR UPDATE`)),
    );
    expect(failed).toMatchObject({ cause: { code: '55P03' } });
    expect(isUnavailable(failed)).toBe(true);
    const slow = await failureOf(database.db.execute(sql`SELECT pg_sleep(5)`));
    expect(slow).toMatchObject({ cause: { code: '57014' } });
    expect(isUnavailable(slow)).toBe(true);
  });
});

test('however many read, some connections are left for what moves money', async () => {
  await direct.sql
    .begin(async (held) => {
      await held`SELECT pg_advisory_xact_lock(1)`;
      const patient = openDatabase(url, { maxConnections: MAX });
      const reading = Array.from({ length: 3 * MAX }, () =>
        failureOf(patient.reads.execute(sql`SELECT pg_advisory_xact_lock_shared(1)`)),
      );
      await until(
        () => backends('waiting'),
        (pids) => pids.length === MAX - 1,
      );
      await patient.db.transaction((tx) => tx.execute(note(1)));
      expect(await notes()).toEqual([0, 1]);
      expect(await backends('waiting')).toHaveLength(MAX - 1);
      await held`SELECT 1`;
      return { patient, reading };
    })
    .then(async ({ patient, reading }) => {
      for (const outcome of await Promise.all(reading)) expect(outcome).toBe('it went well');
      await patient.close();
    });
});

describe('what is thrown holds no value of a row or a parameter', () => {
  const SECRET = '_secret_@veza.test';
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    'a key that is there': () =>
      database.db.execute(sql`INSERT INTO notes VALUES (1, ${SECRET}), (2, ${SECRET})`),
    'a rule that refuses the row': () =>
      database.db.execute(sql`INSERT INTO notes VALUES (1, ${SECRET}, -1)`),
    'a NULL where none may be': () => database.db.execute(sql`INSERT INTO notes VALUES (NULL, ${SECRET})`),
    'a value of another type': () => database.db.execute(sql`SELECT ${SECRET}::text::uuid`),
    'a table that is not there': () =>
      database.db.execute(sql`SELECT * FROM nowhere WHERE email = ${SECRET}`),
    'within a transaction': () =>
      database.db.transaction((tx) => tx.execute(sql`INSERT INTO notes VALUES (0, ${SECRET})`)),
    'a connection that ends': async () => {
      await answers();
      const asked = database.db.execute(sql`SELECT pg_sleep(0.5), ${SECRET}::text`);
      proxy.cut();
      await asked;
    },
    'a parameter that cannot be sent': () =>
      database.db.execute(
        sql`SELECT ${{
          toString: () => {
            throw new Error(SECRET);
          },
        }}::text`,
      ),
  };
  test.each(Object.entries(cases))('%s', async (_, ask) => {
    const failed = await failureOf(ask());
    expect(failed).toBeInstanceOf(Error);
    const seen = new Set<unknown>();
    const told: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value === 'string') told.push(value);
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      for (const name of Reflect.ownKeys(value)) collect(Reflect.get(value, name));
    };
    collect(failed);
    expect(told.join('\n')).not.toContain('_secret_');
  });

  test('and still says which rule refused', async () => {
    expect(await failureOf(database.db.execute(note(0)))).toMatchObject({
      cause: { code: '23505', constraint_name: 'notes_pkey', table_name: 'notes' },
    });
  });
});
