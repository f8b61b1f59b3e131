import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { endSession, endSessions, openSession } from '../../db/accounts/index.ts';
import { transitionUser } from '../../db/accounts/transition.ts';
import type { UserStatus } from '../../domain/accounts/user-machine.ts';
import { users } from '../../db/accounts/schema.ts';
import { addUser, bearer, bodyOf, CONFIG, openApi, type ApiWorld } from '../harness/api.ts';

/** Not for who leaves. */
const PRODUCTS = '/api/v1/marketplace/products';
const HOUR_MS = 60 * 60 * 1000;

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

const get = async (headers: Record<string, string>) => world.app.request(PRODUCTS, { headers });
const opened = (userId: string, ttlMs = HOUR_MS) =>
  openSession(world.database.db, { userId, kind: 'token', amr: ['pwd'], ttlMs });
/** By the moves that lead there. */
const become = (userId: string, status: 'disabled' | 'closing' | 'erased') =>
  world.database.db.transaction(async (tx) => {
    let user: { id: string; status: UserStatus } = { id: userId, status: 'active' };
    const way = status === 'erased' ? (['closing', 'erasing', 'erased'] as const) : [status];
    for (const next of way) user = await transitionUser(tx, user, next);
  });
const refusal = async (response: Response) => [response.status, (await bodyOf(response))['code']];

describe('a token of ours', () => {
  test('is good as long as its session is', async () => {
    const userId = await addUser(world.database);
    const { session } = await opened(userId);
    const headers = await bearer({ sub: userId, sid: session.id });
    expect((await get(headers)).status).toBe(200);
    expect(await endSession(world.database.db, { userId, sessionId: session.id }, 'revoked')).toBe(true);
    expect(await refusal(await get(headers))).toEqual([401, 'session_ended']);
    expect(await endSession(world.database.db, { userId, sessionId: session.id }, 'revoked')).toBe(false);
  });

  test('ends with the time of its session', async () => {
    const userId = await addUser(world.database);
    const { session } = await opened(userId, -1);
    expect(await refusal(await get(await bearer({ sub: userId, sid: session.id })))).toEqual([
      401,
      'session_ended',
    ]);
  });

  test.each([
    ['without a session', () => null],
    ['whose session is no id', () => 'root'],
    ['of a session that is not known', () => uuidv7()],
  ])('%s is refused', async (_, sid) => {
    const headers = await bearer({ sub: await addUser(world.database), sid: sid() });
    expect(await refusal(await get(headers))).toEqual([401, 'unauthenticated']);
  });

  test('of somebody else’s session is refused', async () => {
    const [userId, other] = [await addUser(world.database), await addUser(world.database)];
    const { session } = await opened(other);
    expect(await refusal(await get(await bearer({ sub: userId, sid: session.id })))).toEqual([
      401,
      'unauthenticated',
    ]);
  });

  test('all sessions end but the one that is spared', async () => {
    const userId = await addUser(world.database);
    const [kept, gone] = [await opened(userId), await opened(userId)];
    const ended = await endSessions(
      world.database.db,
      { userId, spared: kept.session.id },
      'password_changed',
    );
    expect(ended).toContain(gone.session.id);
    expect((await get(await bearer({ sub: userId, sid: kept.session.id }))).status).toBe(200);
    expect((await get(await bearer({ sub: userId, sid: gone.session.id }))).status).toBe(401);
  });

  test.each([
    ['disabled', 403, 'account_disabled'],
    ['closing', 403, 'account_closing'],
    ['erased', 401, 'unauthenticated'],
  ] as const)('of an account that is %s is refused at the next request', async (status, http, code) => {
    const userId = await addUser(world.database);
    const headers = await bearer({ sub: userId });
    expect((await get(headers)).status).toBe(200);
    await become(userId, status);
    expect(await refusal(await get(headers))).toEqual([http, code]);
  });

  test('a role that changed counts at the next request', async () => {
    const userId = await addUser(world.database);
    const flags = async () =>
      (await world.app.request('/api/v1/admin/flags', { headers: await bearer({ sub: userId }) })).status;
    expect(await flags()).toBe(403);
    await world.database.db.update(users).set({ role: 'admin' }).where(eq(users.id, userId));
    expect(await flags()).toBe(200);
  });
});

describe('with an identity provider', () => {
  test('a token needs no session of ours, and the account’s status counts all the same', async () => {
    const external = await openApi({ config: { ...CONFIG, IDENTITY: 'external' } });
    const userId = await addUser(external.database);
    const headers = await bearer({ sub: userId, sid: 'theirs' });
    const ask = () => external.app.request(PRODUCTS, { headers });
    expect((await ask()).status).toBe(200);
    await external.database.db.update(users).set({ status: 'disabled' }).where(eq(users.id, userId));
    expect((await ask()).status).toBe(403);
  });
});
