import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { eraseLastRows, eraseRows } from '../../db/privacy/erase-rows.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';

let database: DatabaseWithSql;
beforeAll(async () => {
  database = await ownDatabase();
});

async function person(status: string): Promise<string> {
  const id = randomUUID();
  await database.sql`
    INSERT INTO users (id, email, role, status) VALUES (${id}, ${`${id}@people.example`}, 'user', ${status})`;
  return id;
}

const hash = () => `${randomUUID()}${randomUUID()}`.replaceAll('-', '');

async function signedIn(userId: string, before = '0 s'): Promise<void> {
  await database.sql`
    INSERT INTO sessions (id, user_id, kind, secret_hash, amr, expires_at, created_at, ip)
    VALUES (${randomUUID()}, ${userId}, 'cookie', ${hash()}, '{pwd}', now() + interval '1 day',
      now() - ${before}::interval, '192.0.2.1')`;
}

async function withKey(userId: string): Promise<void> {
  await database.sql`
    INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, reads_per_hour, writes_per_hour, made_by)
    VALUES (${randomUUID()}, ${userId}, 'key', ${hash()}, ${hash()}, '{read}', 1, 1, ${userId})`;
}

async function leaving(userId: string, status: string): Promise<void> {
  await database.sql`
    INSERT INTO account_deletions (id, user_id, status, keep_public_tracks, requested_by, final_at, erased_at)
    VALUES (${randomUUID()}, ${userId}, ${status}, false, ${userId}, now() + interval '30 days',
      ${status === 'erased' ? new Date().toISOString() : null})`;
}

/** What the check of the books says of a person, by invariant. */
async function saidOf(userId: string): Promise<readonly string[]> {
  return (await checkBooks(database.db)).flatMap(({ number, violations }) =>
    violations
      .filter(({ subject }) => subject === `account/${userId}`)
      .map(({ detail }) => `${number}: ${detail}`),
  );
}

describe('live sessions and keys', () => {
  test('an open account may have them', async () => {
    const id = await person('active');
    await signedIn(id);
    await withKey(id);
    expect(await saidOf(id)).toEqual([]);
  });

  test.each(['disabled', 'erasing'])('one that is %s may have no session', async (status) => {
    const id = await person(status);
    await signedIn(id);
    expect(await saidOf(id)).toEqual([`12: it is ${status} and has a live session, 1 in all`]);
    await database.sql`UPDATE sessions SET ended_at = now(), end_reason = 'by_operator' WHERE user_id = ${id}`;
    expect(await saidOf(id)).toEqual([]);
  });

  test('a closing one may have a session that was opened since, and no other, and no key', async () => {
    const id = await person('closing');
    await leaving(id, 'scheduled');
    await signedIn(id);
    expect(await saidOf(id)).toEqual([]);
    await signedIn(id, '1 hour');
    await withKey(id);
    expect((await saidOf(id)).toSorted()).toEqual([
      '12: it is closing and has a live API key, 1 in all',
      '12: it is closing and has a live session, 1 in all',
    ]);
  });
});

describe('an erased account', () => {
  test('that was erased by the classes has nothing left', async () => {
    const id = await person('active');
    await signedIn(id);
    await withKey(id);
    await database.sql`
      INSERT INTO audit_log (actor, action, subject, ip, user_agent) VALUES
        (${id}, 'user.login', ${`account/${id}`}, '192.0.2.1', 'Browser')`;
    await database.sql`UPDATE api_keys SET revoked_at = now() WHERE user_id = ${id}`;
    await eraseRows(database.db, id);
    await database.db.transaction((tx) => eraseLastRows(tx, id));
    await database.sql`UPDATE users SET status = 'erased' WHERE id = ${id}`;
    await leaving(id, 'erased');
    expect(await saidOf(id)).toEqual([]);
  });

  test('is named with each table that still holds something of it', async () => {
    const id = await person('erased');
    await leaving(id, 'erased');
    await signedIn(id);
    await database.sql`INSERT INTO user_profiles (user_id, display_name) VALUES (${id}, 'Ada')`;
    await database.sql`
      INSERT INTO audit_log (actor, action, subject, ip, at) VALUES
        (${id}, 'user.login', 'none', '192.0.2.1', now() - interval '1 day')`;
    await database.sql`
      INSERT INTO ops_flags (id, kind, subject, detail, raised_at) VALUES
        (${randomUUID()}, 'deletion_waits', ${`deletion/${id}`}, 'Ada waits', now() - interval '1 day'),
        (${randomUUID()}, 'erasing_held_up', ${`deletion/${id}`}, 'raised after it', now() + interval '1 day')`;
    await database.sql`
      INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, external_payout_id)
      VALUES (${randomUUID()}, ${id}, 1, 'EUR', ${`po_${id}`})`;
    await database.sql`
      INSERT INTO webhook_events (id, provider, event_id, type, about, body, received_at)
      VALUES (${randomUUID()}, 'stripe', ${`evt_${id}`}, 'payout.paid', ${`po_${id}`}, '{}', now() - interval '1 day')`;
    expect((await saidOf(id)).filter((line) => line.startsWith('13')).toSorted()).toEqual([
      '13: 1 rows of it in audit_log are not erased',
      '13: 1 rows of it in ops_flags are not erased',
      '13: 1 rows of it in sessions are not erased',
      '13: 1 rows of it in user_profiles are not erased',
      '13: 1 rows of it in users are not erased',
      '13: 1 rows of it in webhook_events are not erased',
    ]);
  });
});
