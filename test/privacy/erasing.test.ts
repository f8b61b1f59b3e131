import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eraseStep } from '../../activities/privacy/erase-step.ts';
import type { PrivacyDeps } from '../../activities/privacy/deps.ts';
import { openOf, sealFor, writeMail } from '../../db/accounts/index.ts';
import { oauthAccounts } from '../../db/accounts/oauth/schema.ts';
import { addOauthAccount } from '../../db/accounts/oauth/tokens.ts';
import { personKeys } from '../../db/accounts/sealing/schema.ts';
import { mails, userProfiles, users } from '../../db/accounts/schema.ts';
import { storeSettingsOf } from '../../config/storage.ts';
import { compareTombstones } from '../../db/privacy/erasing/compare-tombstones.ts';
import { dataExports } from '../../db/privacy/schema.ts';
import type { FileStore } from '../../domain/kernel/index.ts';
import type { OauthProvider, OauthTokens } from '../../domain/accounts/index.ts';
import { ERASING_STEPS, type ErasingStep } from '../../domain/privacy/erasing-steps.ts';
import { createLogger } from '../../log.ts';
import { createOauthClients } from '../../providers/oauth/index.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { type OauthSandbox, startOauthSandbox } from '../../stand-ins/oauth/index.ts';
import { LOG_LEVEL } from '../harness/runtime.ts';
import { auditLogOf, flagsOf } from '../harness/read.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { beginErasing, deletionRow } from './erased.ts';

const CREDENTIALS = { clientId: 'veza', clientSecret: 'a-secret-of-the-tests' };
const WAIT_MS = 7 * 24 * 60 * 60 * 1000;

let world: World;
let sandbox: OauthSandbox;
let store: FileStore;
let oauth: ReturnType<typeof createOauthClients>;
beforeAll(async () => {
  sandbox = await startOauthSandbox(CREDENTIALS);
  const all = ['google', 'github', 'discord', 'spotify', 'oidc'] as const;
  oauth = createOauthClients({
    providers: Object.fromEntries(all.map((provider) => [provider, CREDENTIALS])),
    oidcIssuer: `${sandbox.url}/oidc`,
    standInUrl: sandbox.url,
    timeoutMs: 400,
  });
  world = await World.create();
  store = createFileStore(storeSettingsOf(world.config));
});
afterEach(async () => {
  sandbox.control.clearFaults();
  await sandbox.control.comeBack();
});
afterAll(async () => {
  store.close();
  await world.close();
  await sandbox.close();
});

const db = () => world.database.db;
const depsWith = (erasingProviderWaitMs: number): PrivacyDeps => ({
  ...{ db: db(), engine: world.engine, oauth, store, log: createLogger(LOG_LEVEL) },
  settings: { privacy: { erasingProviderWaitMs } },
});
const attempt = (deletionId: string, step: ErasingStep, waitMs = WAIT_MS) =>
  eraseStep(depsWith(waitMs), { deletionId, step }, { before: undefined, tell: () => undefined });
const stepOf = async (deletionId: string, step: ErasingStep) =>
  (await deletionRow(db(), deletionId)).steps[step];

let subjects = 7_000;
/** Somebody says yes at a provider. Returns what it gave. */
async function linked(userId: string, provider: OauthProvider): Promise<OauthTokens> {
  const subject = String((subjects += 1));
  sandbox.control.signInAs(provider, { subject, email: `${subject}@people.example` });
  const way = {
    ...{ state: uuidv7(), nonce: uuidv7(), codeVerifier: uuidv7() + uuidv7() },
    redirectUri: 'https://api.shop.example/back',
  };
  const client = oauth[provider]!;
  const begun = await client.begin(way);
  if (begun.kind !== 'begun') throw new Error(begun.code);
  const page = await fetch(begun.url, { redirect: 'manual' });
  const known = await client.finish(way, new URL(page.headers.get('location')!).search.slice(1));
  if (known.kind !== 'known') throw new Error(known.kind);
  await db().transaction((tx) => addOauthAccount(tx, userId, { provider, subject }, known.tokens));
  return known.tokens;
}
const isOver = (userId: string) =>
  db()
    .update(oauthAccounts)
    .set({ expiresAt: sql`now() - interval '1 hour'` })
    .where(eq(oauthAccounts.userId, userId));
const ABOUT = { google: '/v1/userinfo', github: '/user', discord: '/api/users/@me', oidc: '/userinfo' };
/** Whether a provider still tells of somebody for this token. */
async function opens(provider: keyof typeof ABOUT, { accessToken }: OauthTokens): Promise<boolean> {
  const headers = { authorization: `Bearer ${accessToken}`, 'user-agent': 'veza' };
  return (await fetch(`${sandbox.url}/${provider}${ABOUT[provider]}`, { headers })).ok;
}
const revoked = (provider: OauthProvider) =>
  sandbox.control
    .calls(provider)
    .filter(({ path }) => /revoke|grant$/.test(path))
    .map(({ fields }) => fields['token'] ?? fields['access_token']);

describe('tokens of providers', () => {
  test('are revoked at each provider that has a call for it', async () => {
    const { id } = await makePerson(world, 'user');
    const tokens = {
      google: await linked(id, 'google'),
      github: await linked(id, 'github'),
      discord: await linked(id, 'discord'),
      oidc: await linked(id, 'oidc'),
    };
    await linked(id, 'spotify');
    const other = await makePerson(world, 'user');
    const theirs = await linked(other.id, 'github');
    const deletionId = await beginErasing(db(), id);
    await attempt(deletionId, 'provider_tokens');
    for (const provider of ['google', 'github', 'discord', 'oidc'] as const)
      expect([provider, await opens(provider, tokens[provider])]).toEqual([provider, false]);
    expect(await opens('github', theirs)).toBe(true);
    const { refreshToken, accessToken } = tokens.google;
    expect(revoked('google')).toEqual([refreshToken, accessToken]);
    expect(await stepOf(deletionId, 'provider_tokens')).toEqual({
      begunAt: expect.any(String) as string,
      doneAt: expect.any(String) as string,
      note: 'spotify_has_no_call',
    });
    // Done is done: nobody is asked again.
    const asked = sandbox.control.calls().length;
    await attempt(deletionId, 'provider_tokens');
    expect(sandbox.control.calls()).toHaveLength(asked);
  });

  test('that have expired are renewed before, and both are sealed anew', async () => {
    const { id } = await makePerson(world, 'user');
    const before = await linked(id, 'discord');
    await isOver(id);
    const [sealed] = await db().select().from(oauthAccounts).where(eq(oauthAccounts.userId, id));
    const deletionId = await beginErasing(db(), id);
    sandbox.control.addFault({ kind: 'fail', at: 'revoke', provider: 'discord', status: 503 });
    await expect(attempt(deletionId, 'provider_tokens')).rejects.toMatchObject({ type: 'provider_away' });
    const [row] = await db().select().from(oauthAccounts).where(eq(oauthAccounts.userId, id));
    expect(row!.accessToken).not.toBe(sealed!.accessToken);
    expect(row!.refreshToken).not.toBe(sealed!.refreshToken);
    expect(row!.accessToken).toMatch(/^enc:1:/);
    expect(row!.expiresAt!.getTime()).toBeGreaterThan(Date.now());
    const place = { table: 'oauth_accounts', column: 'refresh_token', rowId: row!.id };
    const renewed = await openOf(db(), id, place, row!.refreshToken as never);
    expect(renewed).not.toBe(before.refreshToken);
    await attempt(deletionId, 'provider_tokens');
    expect(revoked('discord').at(-2)).toBe(renewed);
    expect((await stepOf(deletionId, 'provider_tokens'))!.note).toBeNull();
  });

  test('that a provider refuses to revoke are noted by a code, and the erasing goes on', async () => {
    const { id } = await makePerson(world, 'user');
    await linked(id, 'oidc');
    await linked(id, 'github');
    const deletionId = await beginErasing(db(), id);
    sandbox.control.addFault({ kind: 'fail', at: 'revoke', status: 403, times: 2 });
    await attempt(deletionId, 'provider_tokens');
    expect((await stepOf(deletionId, 'provider_tokens'))!.note!.split(',').toSorted()).toEqual([
      'github_status_403',
      'oidc_status_403',
    ]);
    expect(await flagsOf(world, `deletion/${id}`)).toEqual([]);
  });

  test('of a provider that is away or stalls are waited for, seven days long, then a flag is raised', async () => {
    const { id } = await makePerson(world, 'user');
    const tokens = await linked(id, 'github');
    const deletionId = await beginErasing(db(), id);
    sandbox.control.addFault({ kind: 'stall', at: 'revoke', provider: 'github' });
    await expect(attempt(deletionId, 'provider_tokens')).rejects.toMatchObject({ type: 'provider_away' });
    await sandbox.control.goAway();
    await expect(attempt(deletionId, 'provider_tokens')).rejects.toMatchObject({ type: 'provider_away' });
    expect(await stepOf(deletionId, 'provider_tokens')).toMatchObject({ doneAt: null });
    expect(await flagsOf(world, `deletion/${id}`)).toEqual([]);
    // The time that it began counts, whichever attempt looks.
    await world.database.sql`
      UPDATE account_deletions
      SET steps = jsonb_set(steps, '{provider_tokens,begunAt}', to_jsonb((now() - interval '8 days')::text))
      WHERE id = ${deletionId}`;
    await attempt(deletionId, 'provider_tokens');
    expect(await flagsOf(world, `deletion/${id}`)).toEqual(['erasing_held_up']);
    expect((await stepOf(deletionId, 'provider_tokens'))!.note).toMatch(/^github_\w+$/);
    await sandbox.control.comeBack();
    expect(await opens('github', tokens)).toBe(true);
  });

  test('of a provider that comes back are revoked', async () => {
    const { id } = await makePerson(world, 'user');
    const tokens = await linked(id, 'google');
    const deletionId = await beginErasing(db(), id);
    await sandbox.control.goAway();
    await expect(attempt(deletionId, 'provider_tokens')).rejects.toMatchObject({ type: 'provider_away' });
    await sandbox.control.comeBack();
    await attempt(deletionId, 'provider_tokens');
    expect(await opens('google', tokens)).toBe(false);
    expect((await stepOf(deletionId, 'provider_tokens'))!.note).toBeNull();
  });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const put = (key: string) => store.put(key, bytes('a file'), { contentType: 'application/octet-stream' });
const exists = async (key: string) => (await store.stat(key)) !== null;

test('files of exports in each state and the picture go, and nobody else’s', async () => {
  const [{ id: userId }, other] = [await makePerson(world, 'user'), await makePerson(world, 'user')];
  const now = new Date();
  const ready = { fileKey: '', sizeBytes: 6, sha256: 'a', readyAt: now, expiresAt: now };
  const [done, building, failed, theirs] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  await db()
    .insert(dataExports)
    .values([
      { id: done, userId, status: 'ready', ...ready, fileKey: `exports/${done}/1` },
      { id: building, userId, status: 'building' },
      { id: failed, userId, status: 'failed', errorCode: 'unavailable' },
      { id: theirs, userId: other.id, status: 'ready', ...ready, fileKey: `exports/${theirs}/1` },
    ]);
  await db()
    .insert(userProfiles)
    .values({ userId, displayName: 'Ada', avatarKey: `avatars/${userId}` });
  const mine = [`exports/${done}/1`, `exports/${building}/2`, `exports/${failed}/1`, `avatars/${userId}`];
  for (const key of [...mine, `exports/${theirs}/1`]) await put(key);
  const deletionId = await beginErasing(db(), userId);
  await attempt(deletionId, 'files');
  for (const key of mine) expect([key, await exists(key)]).toEqual([key, false]);
  expect(await exists(`exports/${theirs}/1`)).toBe(true);
  const rows = await db().select().from(dataExports).where(eq(dataExports.userId, userId));
  expect(Object.fromEntries(rows.map(({ id, status }) => [id, status]))).toEqual({
    [done]: 'removed',
    [building]: 'failed',
    [failed]: 'failed',
  });
  expect(rows.map(({ fileKey }) => fileKey)).toEqual([null, null, null]);
  expect(rows.find(({ id }) => id === building)!.errorCode).toBe('erased');
});

test('the tombstone is an id and a time alone, stays as it was, and shows what a restored backup undid', async () => {
  const { id } = await makePerson(world, 'user');
  const deletionId = await beginErasing(db(), id);
  await attempt(deletionId, 'tombstone');
  const read = async () => {
    const file = await store.get(`erasures/${id}`);
    const parts: Uint8Array[] = [];
    for await (const part of file!.content) parts.push(part);
    return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
  };
  const first = await read();
  expect(first).toEqual({ user_id: id, erased_at: expect.stringMatching(/^\d{4}-/) as string });
  await world.database.sql`UPDATE account_deletions SET steps = '{}' WHERE id = ${deletionId}`;
  await attempt(deletionId, 'tombstone');
  expect(await read()).toEqual(first);

  const undone = async () => {
    const found: string[] = [];
    for (let after: string | null = null; ;) {
      const page = await compareTombstones(db(), store, after);
      found.push(...page.undone);
      if (page.next === null) return found;
      after = page.next;
    }
  };
  await put(`erasures/${uuidv7()}`);
  expect(await undone()).toEqual([]);
  await world.database.sql`UPDATE users SET status = 'active' WHERE id = ${id}`;
  expect(await undone()).toEqual([id]);
});

/** Ids of closed histories with this person, as the engine lists them; of one there may be several runs. */
async function historiesOf(userId: string): Promise<string[]> {
  const query = `VezaUserId = "${userId}" AND ExecutionStatus != "Running"`;
  const ids = new Set<string>();
  for await (const { workflowId } of world.temporal.workflow.list({ query })) ids.add(workflowId);
  return [...ids].toSorted();
}

test('closed histories of mails and of onboarding go, and nobody else’s', async () => {
  const { seller, buyer } = await openShop(world, { connected: false });
  const pages = { return_url: 'https://shop.example/a', refresh_url: 'https://shop.example/b' };
  expect((await world.post(seller, '/sellers/me/stripe-account', pages)).status).toBe(200);
  const expected: string[] = [`onboarding/${seller.id}`];
  for (const userId of [seller.id, buyer.id]) {
    const subject = `subscription/${uuidv7()}`;
    const said = {
      kind: 'trial_started',
      params: { plan: 'Creator', ends_at: '2026-12-13T10:00:00.000Z' },
    } as const;
    await db().transaction((tx) => writeMail(tx, { ...said, userId, subject }));
    const [mail] = await db().select().from(mails).where(eq(mails.subject, subject));
    await world.engine.startMail({ mailId: mail!.id, userId, kind: mail!.kind });
    if (userId === seller.id) expected.push(`mail/${mail!.id}`);
  }
  await until(
    () => historiesOf(seller.id),
    (ids) => ids.length === 2,
  );
  expect(await historiesOf(seller.id)).toEqual(expected.toSorted());
  const [theirs] = await until(
    () => historiesOf(buyer.id),
    (ids) => ids.length === 1,
  );
  const deletionId = await beginErasing(db(), seller.id);
  await until(
    () =>
      attempt(deletionId, 'histories').then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ type: 'histories_listed' });
          return false;
        },
      ),
    (isDone) => isDone,
  );
  expect(await historiesOf(seller.id)).toEqual([]);
  expect(await historiesOf(buyer.id)).toEqual([theirs]);
  await expect(world.temporal.workflow.getHandle(expected[1]!).fetchHistory()).rejects.toThrow();
});

describe('the account', () => {
  const PLACE = { table: 'two_factors', column: 'secret', rowId: 'a' };
  const sealed = (userId: string) => db().transaction((tx) => sealFor(tx, userId, PLACE, 'a secret'));

  test('is empty in the end, its key destroyed, its address free, and nothing leads to the new one', async () => {
    const [{ id }, other] = [await makePerson(world, 'artist'), await makePerson(world, 'user')];
    const [mine, theirs] = [await sealed(id), await sealed(other.id)];
    await db().insert(userProfiles).values({ userId: id, displayName: 'Ada' });
    const [before] = await db().select().from(users).where(eq(users.id, id));
    const deletionId = await beginErasing(db(), id);
    for (const step of ERASING_STEPS) await attempt(deletionId, step);

    const [user] = await db().select().from(users).where(eq(users.id, id));
    expect(user).toMatchObject({
      ...{ status: 'erased', email: `erased-${id}@erased.invalid`, passwordHash: null, role: 'user' },
      isVerified: false,
    });
    expect(await db().select().from(personKeys).where(eq(personKeys.userId, id))).toEqual([]);
    expect(await openOf(db(), id, PLACE, mine)).toBeNull();
    expect(await openOf(db(), other.id, PLACE, theirs)).toBe('a secret');
    await expect(sealed(id)).rejects.toMatchObject({ code: 'user_not_found' });

    const row = await deletionRow(db(), deletionId);
    expect(row).toMatchObject({ status: 'erased', erasedAt: expect.any(Date) as Date });
    expect(row.report).toMatchObject({ person_keys: 1, user_profiles: 1, users: 1 });
    expect(Object.keys(row.steps).toSorted()).toEqual([...ERASING_STEPS].toSorted());
    expect(Object.values(row.steps).every(({ doneAt }) => doneAt !== null)).toBe(true);
    const actions = (await auditLogOf(world, `account/${id}`)).map(({ action }) => action);
    expect(actions.slice(-2).toSorted()).toEqual(['user.erased', 'user.key_destroyed']);

    const newId = uuidv7();
    await db().insert(users).values({ id: newId, email: before!.email, role: 'user' });
    const rows = await world.database.sql<{ row: string }[]>`
      SELECT to_jsonb(audit_log)::text AS row FROM audit_log WHERE subject = ${`account/${id}`}
      UNION ALL SELECT to_jsonb(account_deletions)::text FROM account_deletions WHERE user_id = ${id}
      UNION ALL SELECT to_jsonb(users)::text FROM users WHERE id = ${id}`;
    for (const { row: text } of rows) {
      expect(text).not.toContain(before!.email);
      expect(text).not.toContain(newId);
    }

    // A repeat, after an answer that was lost, changes nothing.
    await attempt(deletionId, 'account');
    expect(await deletionRow(db(), deletionId)).toEqual(row);
  });

  test('waits for whoever still writes something of theirs, which then goes too', async () => {
    const { id } = await makePerson(world, 'user');
    const deletionId = await beginErasing(db(), id);
    let ended = false;
    let erasing: Promise<void> | undefined;
    await db().transaction(async (tx) => {
      await tx.select().from(users).where(eq(users.id, id)).for('key share');
      erasing = attempt(deletionId, 'account').then(() => void (ended = true));
      await until(
        () =>
          world.database
            .sql`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        (waiting) => waiting.length > 0,
      );
      expect(ended).toBe(false);
      await tx.insert(userProfiles).values({ userId: id, displayName: 'late' });
    });
    await erasing;
    expect(await db().select().from(userProfiles).where(eq(userProfiles.userId, id))).toEqual([]);
    expect(await deletionRow(db(), deletionId)).toMatchObject({ status: 'erased' });
  });

  test('of somebody who is not being erased is left alone', async () => {
    const { id } = await makePerson(world, 'user');
    const deletionId = await beginErasing(db(), id);
    await world.database.sql`UPDATE account_deletions SET status = 'waiting' WHERE id = ${deletionId}`;
    await world.database.sql`UPDATE users SET status = 'closing' WHERE id = ${id}`;
    for (const step of ERASING_STEPS)
      await expect(attempt(deletionId, step)).rejects.toThrow('cannot go from');
    const [user] = await db().select().from(users).where(eq(users.id, id));
    expect(user).toMatchObject({ status: 'closing' });
  });
});
