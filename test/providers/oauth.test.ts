import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OAUTH_PROVIDERS, type OauthProvider } from '../../domain/accounts/sessions.ts';
import type { OauthAttempt, OauthClient } from '../../domain/accounts/oauth.ts';
import { createOauthClients } from '../../providers/oauth/index.ts';
import { type OauthSandbox, startOauthSandbox } from '../../stand-ins/oauth/index.ts';

const CREDENTIALS = { clientId: 'veza', clientSecret: 'a secret: of/the tests' };
const ATTEMPT: OauthAttempt = {
  state: 'the-state-of-the-tests',
  codeVerifier: 'a-verifier-of-the-tests-that-has-over-43-characters',
  nonce: 'the-nonce-of-the-tests',
  redirectUri: 'https://api.shop.example/api/v1/auth/oauth/any/callback',
};

let sandbox: OauthSandbox;
beforeAll(async () => {
  sandbox = await startOauthSandbox(CREDENTIALS);
});
afterEach(async () => {
  sandbox.control.clearFaults();
  await sandbox.control.comeBack();
});
afterAll(() => sandbox.close());

function clientOf(provider: OauthProvider, timeoutMs = 5_000): OauthClient {
  const client = createOauthClients({
    providers: { [provider]: CREDENTIALS },
    oidcIssuer: `${sandbox.url}/oidc`,
    standInUrl: sandbox.url,
    timeoutMs,
  })[provider];
  if (client === undefined) throw new Error(`there is no ${provider}`);
  return client;
}

/** What a browser does: it goes to the provider, and comes back with a query. */
async function visit(client: OauthClient, attempt = ATTEMPT): Promise<string> {
  const begun = await client.begin(attempt);
  if (begun.kind !== 'begun') throw new Error(begun.code);
  const page = await fetch(begun.url, { redirect: 'manual' });
  return new URL(page.headers.get('location') ?? '').search.slice(1);
}
const signIn = async (provider: OauthProvider, timeoutMs?: number) => {
  const client = clientOf(provider, timeoutMs);
  return client.finish(ATTEMPT, await visit(client));
};

describe('who somebody is', () => {
  const ada = { subject: '4711', email: 'ada@people.example', isVerified: true, name: 'Ada' };

  test.each(OAUTH_PROVIDERS)('%s tells who it is, by its own dialect', async (provider) => {
    sandbox.control.signInAs(provider, ada);
    expect(await signIn(provider)).toMatchObject({
      kind: 'known',
      identity: {
        subject: '4711',
        email: 'ada@people.example',
        isEmailVerified: provider !== 'spotify',
        name: 'Ada',
      },
    });
  });

  test.each(OAUTH_PROVIDERS)('%s says that an address is not verified', async (provider) => {
    sandbox.control.signInAs(provider, { ...ada, isVerified: false });
    expect(await signIn(provider)).toMatchObject({ kind: 'known', identity: { isEmailVerified: false } });
  });

  test.each(OAUTH_PROVIDERS)('%s gives no address', async (provider) => {
    sandbox.control.signInAs(provider, { ...ada, email: null });
    expect(await signIn(provider)).toMatchObject({
      kind: 'known',
      identity: { email: null, isEmailVerified: false },
    });
  });

  test.each([
    [
      'google',
      { refreshToken: expect.any(String), scopes: ['openid', 'email', 'profile'], expiresInMs: 3_599_000 },
    ],
    ['github', { refreshToken: null, scopes: ['read:user', 'user:email'], expiresInMs: null }],
    [
      'discord',
      { refreshToken: expect.any(String), scopes: ['identify', 'email'], expiresInMs: 604_800_000 },
    ],
    ['spotify', { refreshToken: expect.any(String), scopes: ['user-read-email'], expiresInMs: 3_600_000 }],
  ] as const)('%s gives its tokens', async (provider, tokens) => {
    expect(await signIn(provider)).toMatchObject({ kind: 'known', tokens });
  });
});

describe('the way there', () => {
  test.each(OAUTH_PROVIDERS)('%s is asked with S256, and refuses another verifier', async (provider) => {
    const client = clientOf(provider);
    const begun = await client.begin(ATTEMPT);
    const asked = begun.kind === 'begun' ? new URL(begun.url).searchParams : new URLSearchParams();
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('state')).toBe(ATTEMPT.state);
    const another = { ...ATTEMPT, codeVerifier: 'another-verifier-that-has-over-43-characters-too' };
    expect(await client.finish(another, await visit(client))).toMatchObject({ kind: 'failed' });
  });

  test('a code is good once', async () => {
    const client = clientOf('google');
    const answer = await visit(client);
    expect(await client.finish(ATTEMPT, answer)).toMatchObject({ kind: 'known' });
    expect(await client.finish(ATTEMPT, answer)).toEqual({ kind: 'failed', code: 'invalid_grant' });
  });

  test('an answer for another state is refused', async () => {
    const client = clientOf('google');
    const answer = await visit(client, { ...ATTEMPT, state: 'another' });
    expect(await client.finish(ATTEMPT, answer)).toMatchObject({ kind: 'failed' });
  });

  test.each(['google', 'github', 'spotify'] as const)(
    'an answer of %s that names another issuer is refused',
    async (provider) => {
      sandbox.control.addFault({ kind: 'wrongIssuer' });
      expect(await signIn(provider)).toEqual({ kind: 'failed', code: 'OAUTH_INVALID_RESPONSE' });
    },
  );

  test.each(['key', 'nonce', 'issuer', 'audience'] as const)(
    'an id_token with another %s is refused',
    async (wrong) => {
      for (const provider of ['google', 'oidc'] as const) {
        sandbox.control.addFault({ kind: 'idToken', wrong });
        expect(await signIn(provider)).toMatchObject({ kind: 'failed' });
      }
    },
  );

  test('somebody who says no is no failure', async () => {
    sandbox.control.addFault({ kind: 'refuse', provider: 'discord' });
    expect(await signIn('discord')).toEqual({ kind: 'denied' });
  });
});

describe('a provider on a bad day', () => {
  test('provider down: a failure, and later it is there again', async () => {
    for (const provider of ['github', 'oidc'] as const) {
      const client = clientOf(provider);
      const answer = await visit(clientOf(provider));
      await sandbox.control.goAway();
      expect(await client.finish(ATTEMPT, answer)).toEqual({ kind: 'failed', code: 'unreachable' });
      await sandbox.control.comeBack();
      expect(await client.finish(ATTEMPT, answer)).toMatchObject({ kind: 'known' });
    }
  });

  test.each([
    ['google', 'token'],
    ['google', 'keys'],
    ['github', 'person'],
    ['oidc', 'discovery'],
  ] as const)('provider slow: %s never answers at %s', async (provider, at) => {
    const client = clientOf(provider, 200);
    const answer = await visit(clientOf(provider));
    sandbox.control.addFault({ kind: 'stall', at });
    expect(await client.finish(ATTEMPT, answer)).toEqual({ kind: 'failed', code: 'OAUTH_TIMEOUT' });
  });

  test('an error under 200 is a failure', async () => {
    sandbox.control.addFault({ kind: 'invalidGrant', provider: 'github' });
    expect(await signIn('github')).toEqual({ kind: 'failed', code: 'OAUTH_INVALID_RESPONSE' });
  });

  test('a provider that does not say who it is, is a failure', async () => {
    sandbox.control.addFault({ kind: 'fail', at: 'person' });
    expect(await signIn('spotify')).toEqual({ kind: 'failed', code: 'status_503' });
  });
});

describe('a refresh', () => {
  test('gives new tokens, and where the provider rotates, the old one is dead', async () => {
    const client = clientOf('discord');
    const known = await client.finish(ATTEMPT, await visit(client));
    const refreshToken = (known.kind === 'known' && known.tokens.refreshToken) || '';
    const renewed = await client.refresh(refreshToken);
    expect(renewed).toMatchObject({ kind: 'renewed', tokens: { refreshToken: expect.any(String) } });
    expect(await client.refresh(refreshToken)).toEqual({ kind: 'denied' });
  });

  test('keeps the refresh token of before where none is given', async () => {
    const client = clientOf('spotify');
    const known = await client.finish(ATTEMPT, await visit(client));
    const refreshToken = (known.kind === 'known' && known.tokens.refreshToken) || '';
    expect(await client.refresh(refreshToken)).toMatchObject({
      kind: 'renewed',
      tokens: { refreshToken: null },
    });
    expect(await client.refresh(refreshToken)).toMatchObject({ kind: 'renewed' });
  });
});

test('the stand-in takes no way without PKCE', async () => {
  const ask = new URLSearchParams({
    client_id: 'veza',
    response_type: 'code',
    state: 's',
    redirect_uri: ATTEMPT.redirectUri,
  });
  const answer = await fetch(`${sandbox.url}/github/login/oauth/authorize?${ask.toString()}`, {
    redirect: 'manual',
  });
  expect(answer.status).toBe(400);
});
