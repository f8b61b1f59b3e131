import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

let made: TestDatabase;
let database: DatabaseWithSql;

/** Two lines of the audit log; the second came without an address. */
beforeAll(async () => {
  made = await createDatabaseFromTemplate();
  database = openWithSql(made.url, { maxConnections: 1 });
  await database.sql`
    INSERT INTO audit_log (actor, action, subject, before, after, reason, ip, user_agent) VALUES
      ('system', 'user.login', 'account/a', '{"rate": 1.0}', '{"rate": 1.50}', 'why', '192.0.2.7', 'Browser 1'),
      ('system', 'user.login', 'account/b', NULL, NULL, NULL, NULL, NULL)`;
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const lines = () => database.sql`SELECT *, before::text, after::text, xmin::text FROM audit_log ORDER BY id`;

describe('the audit log forgets', () => {
  test.each([
    ['another column', `SET reason = NULL`],
    ['another column of a line without an address', `SET action = 'user.logout' WHERE ip IS NULL`],
    ['an address that becomes another', `SET ip = '192.0.2.8', user_agent = NULL`],
    ['one of the two alone', `SET user_agent = NULL`],
    ['both with another column', `SET ip = NULL, user_agent = NULL, after = '{"rate": 1.5}'`],
    ['an address for a line that has none', `SET user_agent = 'Browser 2' WHERE ip IS NULL`],
  ])('nothing by an UPDATE of %s', async (_what, change) => {
    const before = await lines();
    await expect(database.sql.unsafe(`UPDATE audit_log ${change}`)).rejects.toThrow(
      'audit_log is append-only',
    );
    expect(await lines()).toEqual(before);
  });

  test.each(['DELETE FROM audit_log', 'TRUNCATE audit_log'])('nothing by %s', async (statement) => {
    const before = await lines();
    await expect(database.sql.unsafe(statement)).rejects.toThrow('audit_log is append-only');
    expect(await lines()).toEqual(before);
  });

  test('where somebody called from, and nothing else of the line', async () => {
    const [line, other] = await lines();
    await database.sql`UPDATE audit_log SET ip = NULL, user_agent = NULL WHERE ip IS NOT NULL`;
    const [after, untouched] = await lines();
    expect(after).toEqual({
      ...line,
      ip: null,
      user_agent: null,
      xmin: expect.not.stringMatching(String(line?.['xmin'])),
    });
    expect(untouched).toEqual(other);
    // Repeated, it finds nothing to do and is let through.
    await database.sql`UPDATE audit_log SET ip = NULL, user_agent = NULL`;
  });
});
