import { readFile } from 'node:fs/promises';
import { eq, isNotNull } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  inviteAdmin,
  openSession,
  provisionUser,
  removeUnconfirmed,
  sealFor,
  unconfirmedAccounts,
  verifyAddress,
  writeMail,
} from '../../db/accounts/index.ts';
import { oauthAccounts, oauthCodes, oauthStates } from '../../db/accounts/oauth/schema.ts';
import { apiKeys, apiKeyUsage, bearerUsage, mails, userProfiles, users } from '../../db/accounts/schema.ts';
import { backupCodes, twoFactorChallenges, twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { refreshTokens, sessions } from '../../db/accounts/sessions/schema.ts';
import { accountTokens } from '../../db/accounts/tokens/schema.ts';
import { products } from '../../db/catalog/schema.ts';
import { raiseFlag, readClock } from '../../db/kernel/index.ts';
import { auditLogOf, flagsOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { PASSWORD } from '../accounts/support.ts';
import { age, isThere, NONE, one, unconfirmed, upkeep } from './support.ts';

const TTL_MS = 7 * 24 * 60 * 60 * 1000;
const HASH = 'a'.repeat(64);
const SEALED = 'enc:1:tests:value';

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await World.create();
  admin = await makePerson(world, 'admin');
});
// What one case leaves is not looked at by the next.
afterEach(() => world.database.sql`UPDATE users SET registered_at = NULL`);
afterAll(() => world.close());

const looked = async () => (await upkeep(world, admin, 'accounts')).accounts;
const db = () => world.database.db;

async function register(email: string): Promise<string> {
  const answer = await world.call(null, 'POST', '/auth/register', {
    ...{ email, password: PASSWORD, display_name: 'Ada' },
  });
  expect(answer.status).toBe(202);
  const [user] = await db().select().from(users).where(eq(users.email, email));
  return user!.id;
}
/** So that an address may get its next mail at once. */
const aMinutePasses = () => world.database.sql`UPDATE auth_failures SET blocked_until = now()`;
const newEmail = () => `${uuidv7()}@people.example`;
const tokenTo = (email: string) =>
  (world.smtp.control.messages(email).at(-1)?.links[0] ?? '').split('#token=')[1] ?? '';
const linksAreOver = (userId: string) =>
  db()
    .update(accountTokens)
    .set({ expiresAt: new Date(0) })
    .where(eq(accountTokens.userId, userId));

interface Reference {
  readonly table: string;
  readonly column: string;
  readonly rule: string;
}

/** Every foreign key to users. */
const references = async (): Promise<readonly Reference[]> =>
  world.database.sql<Reference[]>`
    SELECT source.table_name AS table, source.column_name AS column, rule.delete_rule AS rule
    FROM information_schema.referential_constraints AS rule
    JOIN information_schema.key_column_usage AS source USING (constraint_schema, constraint_name)
    JOIN information_schema.constraint_column_usage AS target USING (constraint_schema, constraint_name)
    WHERE target.table_name = 'users' ORDER BY 1, 2`;

/** The tables in which somebody has rows. */
async function tablesOf(userId: string): Promise<string[]> {
  const found: string[] = [];
  for (const { table, column } of await references()) {
    const { sql } = world.database;
    const rows = await sql`SELECT FROM ${sql(table)} WHERE ${sql(column)} = ${userId}`;
    if (rows.length > 0) found.push(table);
  }
  return found;
}

/** A row in each table that accounts own. */
async function fillOwnTables(userId: string): Promise<void> {
  const future = new Date(Date.now() + 3_600_000);
  await db().transaction(async (tx) => {
    await sealFor(tx, userId, { table: 'mails', column: 'params', rowId: userId }, 'to be read by them');
    const subject = `account/${userId}/${uuidv7()}`;
    const text = { kind: 'session_reuse', params: { at: new Date().toISOString() } } as const;
    await writeMail(tx, { ...text, userId, subject });
    await tx.insert(twoFactors).values({ userId, secret: SEALED });
    await tx.insert(backupCodes).values({ userId, number: 1, codeHash: HASH });
    const challenge = { id: uuidv7(), userId, tokenHash: hashOf(userId, 1), amr: ['pwd'], expiresAt: future };
    await tx.insert(twoFactorChallenges).values(challenge);
    await tx.insert(oauthStates).values({
      ...{ stateHash: hashOf(userId, 2), provider: 'github', purpose: 'link', userId, expiresAt: future },
      ...{ codeVerifier: SEALED, redirectUrl: 'https://shop.example', browserHash: HASH },
    });
    const code = { codeHash: hashOf(userId, 3), userId, browserHash: HASH, expiresAt: future };
    await tx.insert(oauthCodes).values(code);
    await tx.insert(oauthAccounts).values({ id: uuidv7(), userId, provider: 'github', subject: userId });
    const limit = { minute: new Date(), used: 1, usedBefore: 0, lastUsedAt: new Date() };
    await tx.insert(bearerUsage).values({ userId, ...limit });
  });
  const { session } = await openSession(db(), { userId, kind: 'token', amr: ['oauth'], ttlMs: 1 });
  const [first, second] = [uuidv7(), uuidv7()];
  const ofSession = { sessionId: session.id };
  await db()
    .insert(refreshTokens)
    .values([
      { ...ofSession, id: first, tokenHash: hashOf(userId, 4), usedAt: new Date(), successorId: second },
      { ...ofSession, id: second, tokenHash: hashOf(userId, 5) },
    ]);
  const id = uuidv7();
  await db()
    .insert(apiKeys)
    .values({
      ...{ id, userId, madeBy: userId, name: 'theirs', prefix: `vz_live_${id}`, keyHash: HASH },
      ...{ scopes: ['read'], readsPerHour: 1, writesPerHour: 1 },
    });
  const hour = { hour: new Date(), used: 1, usedBefore: 0, lastUsedAt: new Date() };
  await db()
    .insert(apiKeyUsage)
    .values({ keyId: id, kind: 'read', ...hour });
}

const hashOf = (userId: string, of: number) => `${of}`.repeat(32) + userId.replaceAll('-', '');

describe('an account that nobody confirmed', () => {
  test('is removed after seven days with all that is its own, and the audit log has its id alone', async () => {
    const email = newEmail();
    const userId = await register(email);
    await fillOwnTables(userId);
    const own = await tablesOf(userId);
    expect(own).toHaveLength(12);
    const [mail] = await db().select().from(mails).where(eq(mails.userId, userId));
    await db().update(mails).set({ status: 'given_up' }).where(eq(mails.id, mail!.id));
    await db().transaction((tx) => raiseFlag(tx, 'mail_gave_up', `mail/${mail!.id}`, '421'));
    await linksAreOver(userId);
    await age(world, userId, 6.9);
    expect(await looked()).toEqual(NONE);
    await age(world, userId, 7.1);
    expect(await looked()).toEqual(one('done', 'accounts'));
    expect(await isThere(world, userId)).toBe(false);
    expect(await tablesOf(userId)).toEqual([]);
    const { sql } = world.database;
    expect(await sql`SELECT FROM bearer_usage WHERE user_id = ${userId}`).toHaveLength(0);
    expect(await flagsOf(world, `mail/${mail!.id}`)).toEqual([]);
    expect((await auditLogOf(world, `account/${userId}`)).at(-1)).toMatchObject({
      ...{ actor: 'system', action: 'user.removed', before: null, after: null, ip: null, userAgent: null },
    });
    // The address is free.
    await aMinutePasses();
    expect(await register(email)).not.toBe(userId);
  });

  test('has seven days again where it registers anew', async () => {
    const email = newEmail();
    const userId = await register(email);
    await age(world, userId, 8);
    await aMinutePasses();
    expect(await register(email)).toBe(userId);
    await linksAreOver(userId);
    expect(await looked()).toEqual(NONE);
  });

  test('stays while a link that confirms it is good, and while its person is signed in by a provider', async () => {
    const email = newEmail();
    const userId = await register(email);
    await age(world, userId, 8);
    expect(await looked()).toEqual(one('left', 'link_in_date'));
    expect((await world.call(null, 'POST', '/auth/verify-email', { token: tokenTo(email) })).status).toBe(
      200,
    );
    expect(await looked()).toEqual(NONE);

    const visitor = await unconfirmed(world);
    const { session } = await openSession(db(), {
      ...{ userId: visitor, kind: 'token', amr: ['oauth'], ttlMs: 60_000 },
    });
    expect(await looked()).toEqual(one('left', 'signed_in'));
    await db()
      .update(sessions)
      .set({ endedAt: new Date(), endReason: 'logout' })
      .where(eq(sessions.id, session.id));
    expect(await looked()).toEqual(one('done', 'accounts'));
  });

  test('a link that is followed after the removal is good no more', async () => {
    const email = newEmail();
    const userId = await register(email);
    const token = tokenTo(email);
    await linksAreOver(userId);
    await age(world, userId, 8);
    expect(await looked()).toEqual(one('done', 'accounts'));
    const answer = await world.call(null, 'POST', '/auth/verify-email', { token });
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([400, 'token_invalid']);
  });

  test('stays while somebody is at work on it, and is gone the next time', async () => {
    const userId = await unconfirmed(world);
    await db().transaction(async (tx) => {
      await tx.select().from(users).where(eq(users.id, userId)).for('no key update');
      expect(await looked()).toEqual(one('left', 'locked'));
    });
    expect(await looked()).toEqual(one('done', 'accounts'));
  });

  test('of a confirmation and a removal at once, one wins, thirty times', async () => {
    const accounts = unconfirmedAccounts(TTL_MS);
    const ended = { confirmed: 0, removed: 0 };
    for (let times = 0; times < 30; times += 1) {
      const userId = await unconfirmed(world);
      const by = await readClock(db());
      const confirm = db()
        .transaction((tx) => verifyAddress(tx, userId, { actor: admin.id }))
        .then(
          () => true,
          () => false,
        );
      const remove = removeUnconfirmed(db(), accounts, { userId, by });
      const [isConfirmed, removal] = await (times % 2 === 0
        ? Promise.all([confirm, remove])
        : Promise.all([remove, confirm]).then(([gone, kept]) => [kept, gone] as const));
      expect(removal === 'removed').toBe(!isConfirmed);
      expect(await isThere(world, userId)).toBe(isConfirmed);
      ended[isConfirmed ? 'confirmed' : 'removed'] += 1;
    }
    expect(ended.confirmed + ended.removed).toBe(30);
  });
});

describe('never removed', () => {
  test('who came another way: imported, from before accounts, invited, vouched for by an identity provider', async () => {
    const [before, imported] = [newEmail(), newEmail()];
    const createdAt = new Date('2020-01-01');
    const old = { role: 'user', isVerified: false, createdAt } as const;
    await db()
      .insert(users)
      .values([
        { ...old, id: uuidv7(), email: before },
        { ...old, id: uuidv7(), email: imported },
      ]);
    const invited = await inviteAdmin(db(), { email: newEmail(), linkOf: null }, { actor: admin.id });
    const provisioned = uuidv7();
    await provisionUser(db(), { id: provisioned, email: newEmail(), role: 'user' });
    await db().update(users).set({ isVerified: false }).where(eq(users.id, provisioned));
    // An imported one who registers gets a password, and is no newcomer for that.
    const registered = await register(imported);
    await linksAreOver(registered);
    await world.database.sql`UPDATE users SET created_at = '2020-01-01'`;
    expect(await looked()).toEqual(NONE);
    for (const userId of [registered, invited.userId, provisioned]) {
      expect(await isThere(world, userId)).toBe(true);
    }
  });

  test('… and of those who registered before there were upkeeps the audit log says so', async () => {
    const imported = newEmail();
    const createdAt = new Date('2020-01-01');
    const old = { role: 'user', isVerified: false, createdAt } as const;
    await db()
      .insert(users)
      .values({ ...old, id: uuidv7(), email: imported });
    const [ours, theirs] = [await register(newEmail()), await register(imported)];
    const { sql } = world.database;
    await sql`UPDATE users SET registered_at = NULL`;
    const migration = await readFile(new URL('../../db/migrations/0032_upkeep.sql', import.meta.url), 'utf8');
    await sql.unsafe(migration.split('--> statement-breakpoint').at(-1)!);
    const known = await db().select().from(users).where(isNotNull(users.registeredAt));
    expect(known.map(({ id }) => id)).toContain(ours);
    expect(known.map(({ id }) => id)).not.toContain(theirs);
    expect(known.find(({ id }) => id === ours)).toSatisfy(
      (user: typeof users.$inferSelect) => user.registeredAt!.getTime() === user.createdAt.getTime(),
    );
  });

  test('who is confirmed, disabled, or leaving', async () => {
    await unconfirmed(world, { isVerified: true });
    for (const status of ['disabled', 'closing', 'erasing', 'erased'] as const)
      await unconfirmed(world, { status });
    expect(await looked()).toEqual(NONE);
  });

  test('anybody, where an identity provider knows the people', async () => {
    await unconfirmed(world);
    await world.stopWorker();
    await world.startWorker({ IDENTITY: 'external' });
    expect(await looked()).toEqual(NONE);
    await world.stopWorker();
    await world.startWorker();
    expect(await looked()).toEqual(one('done', 'accounts'));
  });
});

describe('what refers to an account keeps it', () => {
  test('a product: it is left, with all that is its own, and the report says why', async () => {
    const userId = await unconfirmed(world);
    await db().insert(userProfiles).values({ userId, displayName: 'Ada' });
    await sell(userId);
    expect(await looked()).toEqual(one('left', 'has_products'));
    expect(await tablesOf(userId)).toEqual(['products', 'user_profiles']);
  });

  test('any table that has a foreign key to users, also one that accounts have not heard of', async () => {
    const all = await references();
    // No row of another table ever goes with its user, or is left without one.
    expect(all.filter(({ rule }) => rule !== 'NO ACTION')).toEqual([]);
    expect(all.length).toBeGreaterThan(20);
    const { sql } = world.database;
    const userId = await unconfirmed(world);
    await sql`CREATE TABLE heard_of_by_nobody (user_id uuid REFERENCES users (id))`;
    await sql`INSERT INTO heard_of_by_nobody VALUES (${userId})`;
    expect(await looked()).toEqual(one('left', 'has_heard_of_by_nobody'));
    await sql`DROP TABLE heard_of_by_nobody`;
    expect(await looked()).toEqual(one('done', 'accounts'));
  });

  test('what names a user without a foreign key is known, with the reason why no unconfirmed account has it alone', async () => {
    const named = await world.database.sql<{ name: string }[]>`
      SELECT table_name || '.' || column_name AS name FROM information_schema.columns AS one
      WHERE table_schema = 'public' AND data_type = 'uuid'
        AND column_name ~ '(^|_)(user|buyer|seller|person|creator)_id$|^(made|requested|decided|resolved)_by$'
        AND NOT EXISTS (SELECT FROM information_schema.key_column_usage AS keyed
          JOIN information_schema.referential_constraints USING (constraint_schema, constraint_name)
          WHERE keyed.table_name = one.table_name AND keyed.column_name = one.column_name)
      ORDER BY 1`;
    expect(named.map(({ name }) => name)).toEqual([
      // Of admins' keys: nobody is one without a confirmed address.
      'api_keys.made_by',
      // Go with the account.
      'auth_failures.user_id',
      'bearer_usage.user_id',
      // Beside a row of seller_balances, which keeps the account.
      'seller_postings.seller_id',
      // Beside a subscription, which keeps the account.
      'trial_cards.user_id',
      'trial_uses.user_id',
    ]);
  });
});

test('upkeep twice, over a hundred rows that stay', async () => {
  const [stay, go] = [120, 5];
  const staying: string[] = [];
  for (let count = 0; count < stay; count += 1) staying.push(await unconfirmed(world, { days: 9 }));
  for (const userId of staying) await sell(userId);
  const going: string[] = [];
  for (let count = 0; count < go; count += 1) going.push(await unconfirmed(world));
  expect(await looked()).toEqual({
    ...{ seen: stay + go, done: go, left: stay },
    why: { has_products: stay, accounts: go },
  });
  for (const userId of going) expect(await isThere(world, userId)).toBe(false);
  const later = await unconfirmed(world);
  expect(await looked()).toMatchObject({ seen: stay + 1, done: 1, left: stay });
  expect(await isThere(world, later)).toBe(false);
});

const sell = (sellerId: string) =>
  db().insert(products).values({ id: uuidv7(), sellerId, title: 'A beat', priceMinor: 100, currency: 'USD' });
