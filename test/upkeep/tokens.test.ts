import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, writeMail } from '../../db/accounts/index.ts';
import { oauthCodes, oauthStates } from '../../db/accounts/oauth/schema.ts';
import { clientUsage } from '../../db/accounts/limits/schema.ts';
import { bearerUsage, mails, users } from '../../db/accounts/schema.ts';
import { twoFactorChallenges } from '../../db/accounts/second-factor/schema.ts';
import { refreshTokens, sessions } from '../../db/accounts/sessions/schema.ts';
import { accountTokens, authFailures } from '../../db/accounts/tokens/schema.ts';
import { dataExports, exportTickets } from '../../db/privacy/schema.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { NONE, one, upkeep } from './support.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HASH = 'a'.repeat(64);
const SEALED = 'enc:1:tests:value';

let world: World;
let admin: Person;
let userId: string;
beforeAll(async () => {
  world = await World.create();
  admin = await makePerson(world, 'admin');
  ({ id: userId } = await makePerson(world, 'user'));
});
afterAll(() => world.close());

const db = () => world.database.db;
const looked = async () => (await upkeep(world, admin, 'tokens')).tokens;
const fromNow = (ms: number) => new Date(Date.now() + ms);
const hash = () => uuidv7().replaceAll('-', '').repeat(2);

/** A row of each table, which is over since so long; negative: it will be. */
const ROWS = {
  account_tokens: (overForMs) => {
    const token = { id: uuidv7(), userId, purpose: 'verify_email', tokenHash: hash() } as const;
    return db()
      .insert(accountTokens)
      .values({ ...token, expiresAt: fromNow(-overForMs) });
  },
  oauth_states: (overForMs) =>
    db()
      .insert(oauthStates)
      .values({
        ...{ stateHash: hash(), provider: 'github', purpose: 'sign_in', codeVerifier: SEALED },
        ...{ redirectUrl: 'https://shop.example', browserHash: HASH, expiresAt: fromNow(-overForMs) },
      }),
  oauth_codes: (overForMs) =>
    db()
      .insert(oauthCodes)
      .values({ codeHash: hash(), userId, browserHash: HASH, expiresAt: fromNow(-overForMs) }),
  two_factor_challenges: (overForMs) => {
    const challenge = { id: uuidv7(), userId, tokenHash: hash(), amr: ['pwd'] };
    return db()
      .insert(twoFactorChallenges)
      .values({ ...challenge, expiresAt: fromNow(-overForMs) });
  },
  auth_failures: (overForMs) =>
    db()
      .insert(authFailures)
      .values({ scope: hash(), failures: 3, since: fromNow(-DAY_MS - overForMs) }),
  client_usage: (overForMs) => {
    const counted = { used: 1, usedBefore: 0, lastUsedAt: new Date() };
    return db()
      .insert(clientUsage)
      .values({ scope: hash(), since: fromNow(-DAY_MS - overForMs), ...counted });
  },
  export_tickets: async (overForMs) => {
    const id = uuidv7();
    await db().insert(dataExports).values({ id, userId, status: 'failed' });
    await db()
      .insert(exportTickets)
      .values({ tokenHash: hash(), exportId: id, expiresAt: fromNow(-overForMs) });
  },
  bearer_usage: (overForMs) => {
    const counted = { used: 1, usedBefore: 0, lastUsedAt: new Date() };
    return db()
      .insert(bearerUsage)
      .values({ userId: uuidv7(), minute: fromNow(-DAY_MS - overForMs), ...counted });
  },
} as const satisfies Readonly<Record<string, (overForMs: number) => PromiseLike<unknown>>>;

const countOf = async (table: string): Promise<number> => {
  const { sql } = world.database;
  const [row] = await sql`SELECT count(*)::int AS count FROM ${sql(table)}`;
  return row!['count'] as number;
};

/** A session of an app, with a chain of refresh tokens. */
async function session(set?: Partial<typeof sessions.$inferInsert>): Promise<string> {
  const opened = await openSession(db(), { userId, kind: 'token', amr: ['pwd'], ttlMs: DAY_MS });
  const { id } = opened.session;
  if (set !== undefined) await db().update(sessions).set(set).where(eq(sessions.id, id));
  const ids = [uuidv7(), uuidv7(), uuidv7()];
  await db()
    .insert(refreshTokens)
    .values(
      ids.map((one_, index) => ({
        ...{ id: one_, sessionId: id, tokenHash: hash() },
        ...(index < 2 && { usedAt: new Date(), successorId: ids[index + 1]! }),
      })),
    );
  return id;
}
const ended = (agoMs: number) => ({ endedAt: fromNow(-agoMs), endReason: 'logout' }) as const;
const tokensOf = (sessionId: string) =>
  db().select().from(refreshTokens).where(eq(refreshTokens.sessionId, sessionId));
const sessionIs = async (id: string) =>
  (await db().select().from(sessions).where(eq(sessions.id, id))).length > 0;

describe('what is over is removed, and what is good stays', () => {
  test.each(Object.entries(ROWS))('%s', async (table, insert) => {
    const before = await countOf(table);
    for (const overForMs of [HOUR_MS, -HOUR_MS]) await insert(overForMs);
    expect(await looked()).toEqual(one('done', table));
    expect(await countOf(table)).toBe(before + 1);
    expect(await looked()).toEqual(NONE);
  });

  test('an invitation stays, for it says that its admin never came', async () => {
    const invitation = { id: uuidv7(), userId, purpose: 'invitation', tokenHash: hash() } as const;
    await db()
      .insert(accountTokens)
      .values({ ...invitation, expiresAt: fromNow(-HOUR_MS) });
    expect(await looked()).toEqual(NONE);
    await db().delete(accountTokens).where(eq(accountTokens.id, invitation.id));
  });

  test('failures of over a day ago count until nobody has to wait for them any more', async () => {
    const scope = hash();
    const blocked = { scope, failures: 5, since: fromNow(-25 * HOUR_MS), blockedUntil: fromNow(HOUR_MS) };
    await db().insert(authFailures).values(blocked);
    expect(await looked()).toEqual(NONE);
    await db()
      .update(authFailures)
      .set({ blockedUntil: fromNow(-1) })
      .where(eq(authFailures.scope, scope));
    expect(await looked()).toEqual(one('done', 'auth_failures'));
  });

  test.each([
    ['ended', ended(1_000)],
    ['not used for too long', { expiresAt: fromNow(-1_000) }],
  ])('refresh tokens of a session that has %s; the session itself stays for thirty days', async (_, set) => {
    const id = await session(set);
    const open = await session();
    expect(await looked()).toEqual(one('done', 'refresh_tokens'));
    expect(await tokensOf(id)).toEqual([]);
    expect(await tokensOf(open)).toHaveLength(3);
    expect(await sessionIs(id)).toBe(true);
    expect(await looked()).toEqual(NONE);
  });

  test('sessions that ended thirty days ago, with their refresh tokens', async () => {
    const [older, younger] = [await session(ended(31 * DAY_MS)), await session(ended(29 * DAY_MS))];
    expect(await looked()).toEqual({ seen: 3, done: 3, left: 0, why: { refresh_tokens: 2, sessions: 1 } });
    expect([await sessionIs(older), await sessionIs(younger)]).toEqual([false, true]);
  });

  test('more of all tables than one batch has', async () => {
    for (let count = 0; count < 70; count += 1) {
      await ROWS.account_tokens(HOUR_MS);
      await ROWS.oauth_codes(HOUR_MS);
      await ROWS.client_usage(HOUR_MS);
    }
    expect(await looked()).toEqual({
      ...{ seen: 210, done: 210, left: 0 },
      why: { account_tokens: 70, oauth_codes: 70, client_usage: 70 },
    });
  });
});

describe('a row that cannot be removed does not stop the rest', () => {
  test('another row refers to it: it is left with an error, and told as often as it is looked at', async () => {
    const { sql } = world.database;
    for (let count = 0; count < 3; count += 1) await ROWS.account_tokens(HOUR_MS);
    await ROWS.client_usage(HOUR_MS);
    await sql`CREATE TABLE kept_tokens (token_id uuid REFERENCES account_tokens (id))`;
    await sql`INSERT INTO kept_tokens SELECT id FROM account_tokens WHERE expires_at < now() LIMIT 1`;
    expect(await looked()).toEqual({
      ...{ seen: 4, done: 3, left: 1 },
      why: { account_tokens: 2, error: 1, client_usage: 1 },
    });
    expect(await looked()).toEqual(one('left', 'error'));
    await sql`DROP TABLE kept_tokens`;
    expect(await looked()).toEqual(one('done', 'account_tokens'));
  });

  test('somebody is at work on it: it is left until the next time', async () => {
    await ROWS.auth_failures(HOUR_MS);
    await db().transaction(async (tx) => {
      await tx.select().from(authFailures).for('update');
      expect(await looked()).toEqual(one('left', 'in_use'));
    });
    expect(await looked()).toEqual(one('done', 'auth_failures'));
  });
});

test('lost work: a mail that nobody started is sent, and is looked at only by whom asks for it', async () => {
  const subject = `subscription/${uuidv7()}`;
  const params = { plan: 'Creator', reason: 'unpaid' } as const;
  await db().transaction((tx) => writeMail(tx, { kind: 'trial_over', params, userId, subject }));
  const [mail] = await db().select().from(mails).where(eq(mails.subject, subject));
  expect((await upkeep(world, admin, 'accounts', 'tokens')).lost_work).toBeUndefined();
  expect((await upkeep(world, admin, 'lost_work')).lost_work).toEqual(one('done', 'mails'));
  expect(await world.finished(`mail/${mail!.id}`)).toEqual({ status: 'sent', code: null });
  const [user] = await db().select().from(users).where(eq(users.id, userId));
  expect(world.smtp.control.messages(user!.email)).toHaveLength(1);
  expect((await upkeep(world, admin)).lost_work).toEqual(NONE);
});
