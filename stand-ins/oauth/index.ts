import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listen, type Listening } from '../kernel/server.ts';
import { OauthControl } from './control.ts';
import { DIALECTS, idTokenClaims } from './dialects.ts';
import { OauthFaults, type OauthStep } from './faults.ts';
import { type Grant, Grants } from './grants.ts';
import { PROVIDERS, type ProviderName } from './people.ts';

export interface OauthSandboxOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Of every provider. */
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface OauthSandbox {
  /** Each provider is below it: `{url}/github`. */
  readonly url: string;
  readonly control: OauthControl;
  close(): Promise<void>;
}

type Env = { Bindings: HttpBindings };
type Call = Context<Env>;
const KEY_ID = 'stand-in-1';

/**
 * Google, GitHub, Discord, Spotify and any OpenID provider on loopback, in their dialects. Who comes to a provider's page says
 * yes, as the person whom the control names. It asks for PKCE with S256 always, which not all of them do.
 */
export async function startOauthSandbox(o: OauthSandboxOptions): Promise<OauthSandbox> {
  const faults = new OauthFaults();
  const app = new Hono<Env>();
  let listening: Listening | null = await listen(app, o.port ?? 0);
  const { url, port } = listening;
  const stop = async () => {
    const stopping = listening;
    listening = null;
    await stopping?.close();
  };
  const control = new OauthControl(faults, {
    goAway: stop,
    comeBack: async () => {
      listening ??= await listen(app, port);
    },
  });
  const parts: Parts = { ...o, url, faults, control, grants: new Grants(), keys: await makeKeys() };
  for (const provider of PROVIDERS) serveProvider(app, parts, provider);
  return { url, control, close: stop };
}

interface Parts extends OauthSandboxOptions {
  readonly url: string;
  readonly faults: OauthFaults;
  readonly control: OauthControl;
  readonly grants: Grants;
  readonly keys: Awaited<ReturnType<typeof makeKeys>>;
}

async function makeKeys() {
  const [{ privateKey, publicKey }, unknown] = await Promise.all([
    generateKeyPair('RS256'),
    generateKeyPair('RS256'),
  ]);
  const published = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' };
  return { privateKey, unknownKey: unknown.privateKey, published };
}

function serveProvider(app: Hono<Env>, parts: Parts, provider: ProviderName): void {
  const { faults, control, keys } = parts;
  const dialect = DIALECTS[provider];
  const base = `/${provider}`;

  const at =
    (
      step: OauthStep,
      serve: (c: Call, fields: Readonly<Record<string, string>>) => Response | Promise<Response>,
    ) =>
    async (c: Call): Promise<Response> => {
      const body = await fieldsOf(c);
      const fields = { ...c.req.query(), ...body };
      control.called({ provider, path: c.req.path.slice(base.length), fields });
      if (faults.take('stall', provider, step)) return RESPONSE_ALREADY_SENT;
      const failing = faults.take('fail', provider, step);
      if (failing) return Response.json({ message: 'not now' }, { status: failing.status ?? 503 });
      return serve(c, fields);
    };

  app.get(
    base + dialect.authorize,
    at('authorize', (_, fields) => authorize(parts, provider, fields)),
  );
  app.post(
    base + dialect.token,
    at('token', (c, fields) => giveTokens(parts, provider, c, fields)),
  );
  if (dialect.revoke !== null)
    app.post(
      base + dialect.revoke,
      at('revoke', (c, fields) => revokeToken(parts, provider, c, fields)),
    );
  if (provider === 'github')
    app.delete(
      `${base}/applications/${parts.clientId}/grant`,
      at('revoke', (c, fields) => {
        if (!isTheClient(parts, c, {})) return Response.json({ message: 'Bad credentials' }, { status: 401 });
        const isKnown = parts.grants.revoke(provider, fields['access_token'] ?? '');
        return new Response(null, { status: isKnown ? 204 : 404 });
      }),
    );
  for (const [path, tell] of Object.entries(dialect.about)) {
    app.get(
      base + path,
      at('person', (c) => {
        const token = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
        const person = parts.grants.holderOf(provider, token);
        // GitHub refuses whoever does not name themselves.
        const isNamed = provider !== 'github' || c.req.header('user-agent') !== undefined;
        if (!isNamed) return Response.json({ message: 'name yourself' }, { status: 403 });
        if (person === null) return Response.json({ message: 'Bad credentials' }, { status: 401 });
        return Response.json(tell(person));
      }),
    );
  }
  if (!dialect.hasIdToken) return;
  app.get(
    `${base}/jwks`,
    at('keys', () => Response.json({ keys: [keys.published] })),
  );
  app.get(
    `${base}/.well-known/openid-configuration`,
    at('discovery', () => Response.json(described(parts, provider))),
  );
}

/** A form, or GitHub's JSON. */
async function fieldsOf(c: Call): Promise<Readonly<Record<string, string>>> {
  if (c.req.method === 'GET') return {};
  const text = await c.req.text();
  if (!(c.req.header('content-type') ?? '').includes('json'))
    return Object.fromEntries(new URLSearchParams(text));
  return JSON.parse(text) as Record<string, string>;
}

/** RFC 7009: 200 for whatever is dead now. Google says that it does not know a token. */
function revokeToken(
  parts: Parts,
  provider: ProviderName,
  c: Call,
  fields: Readonly<Record<string, string>>,
): Response {
  // Google asks for no client here.
  if (provider !== 'google' && !isTheClient(parts, c, fields)) return refuse(provider, 'invalid_client');
  const isKnown = parts.grants.revoke(provider, fields['token'] ?? '');
  return isKnown || provider !== 'google'
    ? new Response(null, { status: 200 })
    : refuse(provider, 'invalid_token');
}

const described = ({ url }: Parts, provider: ProviderName) => {
  const { authorize: page, token, revoke } = DIALECTS[provider];
  const issuer = `${url}/${provider}`;
  return {
    issuer,
    authorization_endpoint: issuer + page,
    token_endpoint: issuer + token,
    ...(revoke !== null && { revocation_endpoint: issuer + revoke }),
    userinfo_endpoint: issuer + Object.keys(DIALECTS[provider].about)[0],
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
};

/** The provider's page, on which somebody says yes at once. */
function authorize(parts: Parts, provider: ProviderName, fields: Readonly<Record<string, string>>): Response {
  const { faults, control, grants, clientId, url } = parts;
  const { redirect_uri: redirectUri = '', state = '', code_challenge: challenge = '' } = fields;
  const isWhole =
    fields['client_id'] === clientId &&
    fields['response_type'] === 'code' &&
    fields['code_challenge_method'] === 'S256' &&
    challenge !== '' &&
    state !== '' &&
    URL.canParse(redirectUri);
  // A page for the person: nobody is sent back by a request that may not be its client's.
  if (!isWhole) return Response.json({ error: 'invalid_request' }, { status: 400 });
  const back = new URL(redirectUri);
  const isNamed = DIALECTS[provider].namesIssuer;
  const isForeign = faults.take('wrongIssuer', provider) !== undefined;
  if (isNamed || isForeign) {
    back.searchParams.set('iss', isForeign ? 'https://issuer-of-another.example' : issuerOf(url, provider));
  }
  back.searchParams.set('state', state);
  if (faults.take('refuse', provider)) {
    back.searchParams.set('error', 'access_denied');
  } else {
    const grant: Grant = {
      provider,
      person: control.personAt(provider),
      redirectUri,
      scopes: (fields['scope'] ?? '').split(' ').filter((scope) => scope !== ''),
      challenge,
      nonce: fields['nonce'] ?? null,
      isOffline: fields['access_type'] === 'offline',
    };
    back.searchParams.set('code', grants.codeFor(grant));
  }
  return new Response(null, { status: 302, headers: { location: back.href } });
}

/** GitHub's issuer is not at the root of its address (RFC 8414, GitHub's documents of April 2026). */
const issuerOf = (url: string, provider: ProviderName) =>
  provider === 'github' ? `${url}/github/login/oauth` : `${url}/${provider}`;

async function giveTokens(
  parts: Parts,
  provider: ProviderName,
  c: Call,
  fields: Readonly<Record<string, string>>,
): Promise<Response> {
  const { faults, grants } = parts;
  const dialect = DIALECTS[provider];
  if (!isTheClient(parts, c, fields)) return refuse(provider, 'invalid_client');
  const isRenewal = fields['grant_type'] === 'refresh_token';
  if (!isRenewal && fields['grant_type'] !== 'authorization_code')
    return refuse(provider, 'unsupported_grant_type');
  if (faults.take('invalidGrant', provider)) return refuse(provider, 'invalid_grant');
  const grant = isRenewal
    ? grants.renew(provider, fields['refresh_token'] ?? '', dialect)
    : grants.redeem(provider, fields);
  if (grant === null) return refuse(provider, 'invalid_grant');
  const { access, refresh } = grants.tokensFor(grant, dialect, isRenewal);
  const given = {
    access_token: access,
    token_type: 'bearer',
    scope: grant.scopes.join(dialect.scopeSeparator),
    ...(dialect.expiresInS !== null && { expires_in: dialect.expiresInS }),
    ...(refresh !== null && { refresh_token: refresh }),
    ...(dialect.hasIdToken && { id_token: await idTokenOf(parts, grant) }),
  };
  // Unless it is asked for JSON, GitHub answers with a form.
  if (provider === 'github' && !(c.req.header('accept') ?? '').includes('application/json')) {
    const form = new URLSearchParams({ access_token: access, token_type: 'bearer', scope: given.scope });
    return new Response(form, { status: 200 });
  }
  return Response.json(given, { headers: { 'cache-control': 'no-store' } });
}

/** By HTTP Basic or in the form (RFC 6749, 2.3.1). */
function isTheClient(
  { clientId, clientSecret }: Parts,
  c: Call,
  fields: Readonly<Record<string, string>>,
): boolean {
  const basic = /^Basic (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const [id, secret] =
    basic === undefined
      ? [fields['client_id'], fields['client_secret']]
      : Buffer.from(basic, 'base64').toString().split(':').map(decodeForm);
  return id === clientId && secret === clientSecret;
}

/** As forms write it: Basic has both in it so. */
const decodeForm = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

/** GitHub says 200 to what it refuses, by words of its own. */
function refuse(provider: ProviderName, error: string): Response {
  if (provider !== 'github') {
    return Response.json({ error }, { status: error === 'invalid_client' ? 401 : 400 });
  }
  const words: Readonly<Record<string, string>> = {
    invalid_grant: 'bad_verification_code',
    invalid_client: 'incorrect_client_credentials',
  };
  return Response.json({ error: words[error] ?? error, error_description: 'It was refused.' });
}

async function idTokenOf({ url, clientId, keys, faults }: Parts, grant: Grant): Promise<string> {
  const wrong = faults.take('idToken', grant.provider)?.wrong;
  const nonce = wrong === 'nonce' ? 'another' : grant.nonce;
  return new SignJWT({ ...idTokenClaims(grant.person), ...(nonce !== null && { nonce }) })
    .setProtectedHeader({ alg: 'RS256', kid: KEY_ID })
    .setIssuer(wrong === 'issuer' ? 'https://issuer-of-another.example' : issuerOf(url, grant.provider))
    .setAudience(wrong === 'audience' ? 'another client' : clientId)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(wrong === 'key' ? keys.unknownKey : keys.privateKey);
}
