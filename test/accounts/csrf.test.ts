import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { assertFromOurPage, csrfTokenOf } from '../../api/middleware/origins.ts';
import { V1_ROUTES } from '../../api/routes.ts';
import { type ApiWorld, CONFIG, openApi } from '../harness/api.ts';
import { addAccount, ask, cookiesOf, PASSWORD, signIn, withToken } from './support.ts';

// A browser sends the cookie from every page, and nothing else by itself: the whole matrix of what a call may bring.

const LISTED = 'https://listed.example';
const ORIGINS = [
  null,
  'https://shop.example',
  'https://api.shop.example',
  LISTED,
  'https://evil.example',
  'null',
];
const OURS: readonly (string | null)[] = ORIGINS.slice(1, 4);

/** Of each method one route that changes nothing when it is let through. */
const ROUTES = [
  ['GET', '/users/me'],
  ['POST', '/me/api-keys'],
  ['PUT', '/users/me/password'],
  ['DELETE', `/me/api-keys/${uuidv7()}`],
] as const;

const CREDENTIALS = ['bearer', 'key', 'cookie', 'cookie and bearer', 'cookie and key'] as const;

let world: ApiWorld;
let held: Readonly<Record<(typeof CREDENTIALS)[number], Record<string, string>>>;
let csrfToken: string;
beforeAll(async () => {
  world = await openApi({ config: { ...CONFIG, CORS_ORIGINS: [LISTED] } });
  const account = await addAccount(world);
  const bearer = withToken(await signIn(world, account));
  const made = await ask(world, 'POST', '/me/api-keys', {
    headers: bearer,
    body: { name: 'script', scopes: ['read', 'write'] },
  });
  const key = { 'X-API-Key': String(made.body['key']) };
  const browser = await ask(world, 'POST', '/auth/login', {
    body: { email: account.email, password: PASSWORD, session: 'cookie' },
  });
  csrfToken = browser.body.csrf_token;
  const cookie = { Cookie: cookiesOf(browser) };
  held = {
    ...{ bearer, key, cookie },
    'cookie and bearer': { ...cookie, ...bearer },
    'cookie and key': { ...cookie, ...key },
  };
});

/** Whether a call is let through to its route, or else by which code it is not. */
async function answerTo(method: string, path: string, headers: Record<string, string>): Promise<string> {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
  const { body: answer } = await ask(world, method, path, { headers, ...body });
  return ['csrf_failed', 'credentials_ambiguous', 'unauthenticated'].includes(answer.code)
    ? answer.code
    : 'let through';
}

const cases = CREDENTIALS.flatMap((credential) =>
  ROUTES.map(([method, path]) => ({ credential, method, path })),
);

describe.each(cases)('$credential, $method', ({ credential, method, path }) => {
  const expected = (origin: string | null, hasToken: boolean) => {
    if (credential.includes(' and ')) return 'credentials_ambiguous';
    const isGuarded = credential === 'cookie' && method !== 'GET';
    return isGuarded && !(hasToken && OURS.includes(origin)) ? 'csrf_failed' : 'let through';
  };

  test.each(ORIGINS.flatMap((origin) => [true, false].map((hasToken) => ({ origin, hasToken }))))(
    'from $origin, with the token: $hasToken',
    async ({ origin, hasToken }) => {
      const headers = {
        ...held[credential],
        ...(origin !== null && { Origin: origin }),
        ...(hasToken && { 'X-CSRF-Token': csrfToken }),
      };
      expect(await answerTo(method, path, headers)).toBe(expected(origin, hasToken));
    },
  );
});

test('PATCH, which no route takes, would be guarded like the others', () => {
  const methods: readonly string[] = V1_ROUTES.map(({ route }) => route.method);
  expect(methods).not.toContain('patch');
  const asked = (origin: string | undefined, token: string | undefined) => () =>
    assertFromOurPage(
      { method: 'PATCH', header: (name) => (name === 'origin' ? origin : token) },
      'the secret of a session',
      { ...CONFIG, CORS_ORIGINS: [LISTED] },
    );
  const token = csrfTokenOf('the secret of a session');
  for (const origin of ORIGINS) {
    expect(asked(origin ?? undefined, undefined)).toThrow();
    if (OURS.includes(origin)) expect(asked(origin ?? undefined, token)).not.toThrow();
    else expect(asked(origin ?? undefined, token)).toThrow();
  }
});
