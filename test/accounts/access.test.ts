import { readFile } from 'node:fs/promises';
import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { V1_ROUTES } from '../../api/routes.ts';
import { users } from '../../db/accounts/schema.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { ROLES, type Role } from '../../domain/accounts/roles.ts';
import { SECURITY_PAGE, withRolesTable } from '../../scripts/security-docs.ts';
import { addUser, bearer, bodyOf, openApi, type ApiWorld } from '../harness/api.ts';

// Who may call what, on every route of the table: what a token says of its user's role counts for nothing.

const SOME_ID = '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11';
const ROUTES = V1_ROUTES.map(({ route }) => route);
const guarded = ROUTES.filter(({ security }) => security.length > 0);
const byRole = guarded.filter((route) => route['x-roles'] !== undefined);
const named = (routes: readonly (typeof ROUTES)[number][]) =>
  routes.map((route) => [`${route.method} ${route.path}`, route] as const);

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

async function call({ method, path }: (typeof ROUTES)[number], headers: Record<string, string>) {
  const url = `/api/v1${path.replaceAll(/\{\w+\}/g, SOME_ID)}`;
  const hasBody = method !== 'get' && method !== 'delete';
  const response = await world.app.request(url, {
    method,
    headers: { ...headers, ...(hasBody && { 'Content-Type': 'application/json' }) },
    ...(hasBody && { body: '{}' }),
  });
  return [response.status, (await bodyOf(response))['code']];
}

test('docs/security.md says of each route who may call it', async () => {
  const page = await readFile(SECURITY_PAGE, 'utf8');
  expect(page, 'out of date: run `npm run docs:security`').toBe(withRolesTable(page));
});

describe.each(named(guarded))('%s', (_, route) => {
  test('by a token whose user is gone: 401, whatever role it names', async () => {
    const sub = await addUser(world.database, 'admin');
    const headers = await bearer({ sub, role: 'admin' });
    await world.database.db.delete(sessions).where(eq(sessions.userId, sub));
    await world.database.db.delete(users).where(eq(users.id, sub));
    expect(await call(route, headers)).toEqual([401, 'unauthenticated']);
    expect(await call(route, await bearer({ sub: uuidv7(), role: 'admin' }))).toEqual([
      401,
      'unauthenticated',
    ]);
  });
});

describe.each(named(byRole))('%s', (_, route) => {
  const allowed: readonly Role[] = route['x-roles'] ?? [];
  const others = ROLES.filter((role) => !allowed.includes(role));

  test(`by a signed-in person who is none of ${allowed.join(', ')}: 403, though the token says admin`, async () => {
    for (const role of others) {
      const sub = await addUser(world.database, role);
      expect(await call(route, await bearer({ sub, role: 'admin' })), role).toEqual([403, 'forbidden']);
    }
  });

  test('a role that was taken away counts at the next request, and so does one that was given', async () => {
    const sub = await addUser(world.database, allowed[0]);
    const headers = await bearer({ sub, role: 'user' });
    const [status] = await call(route, headers);
    expect([401, 403]).not.toContain(status);
    await world.database.db.update(users).set({ role: 'user' }).where(eq(users.id, sub));
    expect(await call(route, headers)).toEqual([403, 'forbidden']);
  });
});
