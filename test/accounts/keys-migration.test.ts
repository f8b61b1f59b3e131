import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OldDatabase, openBefore } from '../harness/old-database.ts';

let old: OldDatabase;
beforeAll(async () => {
  old = await openBefore('power_from_the_row');
});
afterAll(() => old.close());

test('keys from before: their makers are those of the audit log, and what outlived its key ends', async () => {
  const { sql } = old;
  const [adminId, sellerId] = [uuidv7(), uuidv7()];
  await sql`INSERT INTO users (id, email, role) VALUES (${adminId}, 'a@b.example', 'admin'), (${sellerId}, 'c@d.example', 'artist')`;
  const end = '2099-01-01 00:00:00+00';
  /** `by`: the key that it was made with; null: by the admin in person; undefined: nobody knows. */
  async function key(userId: string, by: string | null | undefined, set: { revoked?: true; ends?: string }) {
    const id = uuidv7();
    await sql`INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, reads_per_hour, writes_per_hour, revoked_at, expires_at)
      VALUES (${id}, ${userId}, 'x', ${id}, ${'0'.repeat(64)}, '{read}', 1, 1, ${set.revoked ? '2024-01-01' : null}, ${set.ends ?? null})`;
    if (by !== undefined)
      await sql`INSERT INTO audit_log (actor, action, subject, api_key_id) VALUES (${adminId}, 'api_key.create', ${`api_key/${id}`}, ${by})`;
    return id;
  }
  const unknown = await key(sellerId, undefined, {});
  const revoked = await key(adminId, null, { revoked: true });
  const child = await key(sellerId, revoked, {});
  const grandchild = await key(sellerId, child, {});
  const ending = await key(adminId, null, { ends: end });
  const heir = await key(sellerId, ending, {});
  await old.migrate();
  const rows = await sql`
    SELECT id, made_by, made_by_key, revoked_at IS NOT NULL AS ended, expires_at FROM api_keys ORDER BY id`;
  const made = { made_by: adminId, made_by_key: null, ended: false, expires_at: null };
  expect(rows).toEqual([
    { ...made, id: unknown, made_by: sellerId },
    { ...made, id: revoked, ended: true },
    { ...made, id: child, made_by_key: revoked, ended: true },
    { ...made, id: grandchild, made_by_key: child, ended: true },
    { ...made, id: ending, expires_at: end },
    { ...made, id: heir, made_by_key: ending, expires_at: end },
  ]);
  const lines = await sql<
    { subject: string }[]
  >`SELECT subject FROM audit_log WHERE action = 'api_key.revoke' ORDER BY subject`;
  expect(lines.map(({ subject }) => subject)).toEqual(
    [`api_key/${child}`, `api_key/${grandchild}`].toSorted(),
  );
});
