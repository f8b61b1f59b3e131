import { beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { type ErasedSoFar, eraseLastRows, eraseRows } from '../../db/privacy/erase-rows.ts';
import { columnsOf, PERSONAL_TABLES } from '../../db/schema/personal.ts';
import { everyState } from '../db/every-state.ts';
import { CANARY, dropChecks, fillWithCanaries, findCanaries, insertRow, readKept } from './canary-rows.ts';

let database: Awaited<ReturnType<typeof everyState>>['database'];
let buyer: string;
let seller: string;
let subscriber: string;

/** Somebody who bought, one who sold, one who subscribed: a row in every table that says something of a person. */
beforeAll(async () => {
  const { database: made, story, ids } = await everyState();
  database = made;
  buyer = story.buyer.id;
  seller = story.sellers[0]!.id;
  const [row] = await database.sql<{ user_id: string }[]>`
    SELECT user_id FROM subscriptions WHERE id = ${ids.subscription}`;
  subscriber = row!.user_id;
  await dropChecks(database);
  const { sql } = database;
  const id = `'${buyer}'`;
  const session = `'01980000-0000-7000-8000-000000000001'`;
  await insertRow(database, 'sessions', { id: session, user_id: id });
  const token = (end: string) => `'01980000-0000-7000-8000-00000000000${end}'`;
  // The older one comes later in the order of the key: what refers to another is cut first.
  await insertRow(database, 'refresh_tokens', { id: token('2'), session_id: session });
  await insertRow(database, 'refresh_tokens', {
    id: token('3'),
    session_id: session,
    successor_id: token('2'),
  });
  for (const table of [
    ...[
      'account_tokens',
      'two_factor_challenges',
      'backup_codes',
      'two_factors',
      'oauth_states',
      'oauth_codes',
    ],
    ...['oauth_accounts', 'auth_failures', 'bearer_usage', 'mails', 'account_link_asks'],
    ...['person_keys', 'user_profiles', 'account_deletions'],
  ])
    await insertRow(database, table, { user_id: id });
  const key = `'01980000-0000-7000-8000-000000000004'`;
  await insertRow(database, 'api_keys', { id: key, user_id: id });
  await insertRow(database, 'api_key_usage', { key_id: key });
  const asked = `'01980000-0000-7000-8000-000000000005'`;
  await insertRow(database, 'data_exports', { id: asked, user_id: id });
  await insertRow(database, 'export_tickets', { export_id: asked });
  await insertRow(database, 'asks', { ask: `'{"buyerId": "${buyer}"}'` });
  await insertRow(database, 'asks', { ask: `'{"caller": {"userId": "${buyer}"}}'` });
  await insertRow(database, 'audit_log', { actor: id });
  await insertRow(database, 'audit_log', { actor: `'system'`, subject: `'account/${buyer}'` });
  await insertRow(database, 'idempotency_keys', { scope: `'${buyer}:placeOrder'` });
  await insertRow(database, 'idempotency_keys', { scope: `'${buyer}:placeOrder'` });
  const refund = `'refund/${ids.pendingRefund}'`;
  await insertRow(database, 'ops_flags', { subject: refund });
  await insertRow(database, 'approvals', { subject: refund });
  const [{ statement } = { statement: '' }] = await sql<{ statement: string }[]>`
    SELECT gen_random_uuid() AS statement`;
  await insertRow(database, 'provider_statements', { id: `'${statement}'` });
  await insertRow(database, 'statement_exceptions', { subject: refund, statement_id: `'${statement}'` });
  await insertRow(database, 'webhook_events', { about: `'${ids.pendingRefund}'` });
  await sql`DELETE FROM seller_accounts WHERE user_id = ${seller}`;
  await insertRow(database, 'seller_accounts', { user_id: `'${seller}'` });
  await insertRow(database, 'seller_payouts', { seller_id: `'${seller}'` });
  await sql`DELETE FROM trial_uses`;
  await insertRow(database, 'trial_uses', { user_id: `'${subscriber}'` });
  await insertRow(database, 'card_setups', { subscription_id: `'${ids.subscription}'` });
});

class Killed extends Error {}
const orKilled = (error: unknown): undefined => {
  if (!(error instanceof Killed)) throw error;
};

const isOfLaw = (name: string) =>
  PERSONAL_TABLES.some((of) => Object.keys(of.law ?? {}).some((column) => name === `${of.table}.${column}`));

test('what a person wrote is found after an erasure only where the law keeps it; all else is as before', async () => {
  const others =
    await database.sql`SELECT * FROM users WHERE id NOT IN (${buyer}, ${seller}, ${subscriber}) ORDER BY id`;
  const filled = await fillWithCanaries(database, [buyer, seller, subscriber]);
  expect(await findCanaries(database)).toEqual(expect.arrayContaining([...filled]));
  const books = await checkBooks(database.db);
  const kept = await readKept(database);

  // Killed after each batch, and begun anew with what the last one had come to.
  const erased: Record<string, number>[] = [];
  for (const person of [buyer, seller, subscriber]) {
    let after: ErasedSoFar | undefined;
    let rows: Readonly<Record<string, number>> | undefined;
    while (rows === undefined)
      rows = await eraseRows(database.db, person, {
        after,
        onBatch: (at) => {
          after = at;
          throw new Killed();
        },
      }).catch(orKilled);
    erased.push({ ...rows });
    expect(await eraseRows(database.db, person)).toEqual({});
    await database.db.transaction((tx) => eraseLastRows(tx, person));
  }

  const found = await findCanaries(database);
  expect(found.filter((name) => !isOfLaw(name))).toEqual([]);
  // The law keeps what it names.
  expect(found).toEqual(filled.filter(isOfLaw));

  expect(await readKept(database)).toEqual(kept);
  expect(await checkBooks(database.db)).toEqual(books);
  expect(
    await database.sql`SELECT * FROM users WHERE id NOT IN (${buyer}, ${seller}, ${subscriber}) ORDER BY id`,
  ).toEqual(others);
  const titles = await database.sql<{ title: string; is_sold: boolean }[]>`
    SELECT title, EXISTS (SELECT FROM order_items WHERE product_id = products.id) AS is_sold
    FROM products WHERE seller_id = ${seller}`;
  expect(new Set(titles.map(({ is_sold }) => is_sold))).toEqual(new Set([true, false]));
  for (const { title, is_sold } of titles)
    expect(title).toEqual(is_sold ? expect.stringContaining(CANARY) : 'erased');
  const [user] = await database.sql`SELECT email, role, password_hash FROM users WHERE id = ${buyer}`;
  expect(user).toEqual({ email: `erased-${buyer}@erased.invalid`, role: 'user', password_hash: null });

  expect(erased[0]).toMatchObject({
    sessions: 1,
    refresh_tokens: 2,
    asks: 2,
    audit_log: 2,
    ops_flags: 2,
  });
  expect(erased[1]).toMatchObject({ seller_accounts: 1, seller_payouts: 1 });
  expect(Object.keys(erased[1]!)).not.toContain('refunds');
  const changed = new Set(erased.flatMap((rows) => Object.keys(rows)));
  const withChanges = PERSONAL_TABLES.filter(
    (of) =>
      !of.last && columnsOf(of).some((one) => ['delete', 'erase', 'mask', 'forget'].includes(one.class)),
  );
  expect(withChanges.map(({ table }) => table).filter((table) => !changed.has(table))).toEqual([]);
});

test('many rows go in batches of a thousand, and an attempt goes on where the last one was killed', async () => {
  const admin = '01980000-0000-7000-8000-000000000009';
  await database.sql`
    INSERT INTO audit_log (actor, action, subject, ip, user_agent)
    SELECT ${admin}, 'test.many', 'none', '192.0.2.9', 'Browser' FROM generate_series(1, 2500)`;
  const seen: ErasedSoFar[] = [];
  const onBatch = (at: ErasedSoFar) => {
    seen.push(at);
    if (seen.length === 1) throw new Killed();
  };
  expect(await eraseRows(database.db, admin, { onBatch }).catch(orKilled)).toBeUndefined();
  expect(seen[0]!.rows).toEqual({ audit_log: 1_000 });
  const rows = await eraseRows(database.db, admin, { after: seen[0], onBatch });
  expect(rows['audit_log']).toBe(2_500);
  expect(seen.filter(({ table }) => table === 'audit_log').map((at) => at.rows['audit_log'])).toEqual([
    ...[1_000, 2_000, 2_500],
  ]);
  const left =
    await database.sql`SELECT 1 FROM audit_log WHERE actor = ${admin} AND (ip, user_agent) IS NOT NULL`;
  expect(left).toHaveLength(0);
});
