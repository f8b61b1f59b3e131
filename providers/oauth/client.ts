import {
  allowInsecureRequests,
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  discovery,
  enableNonRepudiationChecks,
  fetchProtectedResource,
  refreshTokenGrant,
  ResponseBodyError,
  type ServerMetadata,
  type TokenEndpointResponse,
  tokenRevocation,
} from 'openid-client';
import type { OauthClient, OauthFailure, OauthRevocation, OauthTokens } from '../../domain/accounts/index.ts';
import { isPlainText } from '../../domain/kernel/index.ts';
import type { Description } from './descriptions.ts';

export interface OauthClientSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  /** For each call to the provider. */
  readonly timeoutMs: number;
}

/** A provider, by its description. */
export function createOauthClient(provider: Description, settings: OauthClientSettings): OauthClient {
  const configuration = configurationOf(provider, settings);
  const isOpenId = provider.scopes.includes('openid');
  return {
    async begin({ state, codeVerifier, nonce, redirectUri }) {
      try {
        const url = buildAuthorizationUrl(await configuration(), {
          redirect_uri: redirectUri,
          scope: provider.scopes.join(' '),
          state,
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
          ...(isOpenId && { nonce }),
          ...provider.asks,
        });
        return { kind: 'begun', url: url.href };
      } catch (error) {
        return failureOf(error);
      }
    },
    async finish({ state, codeVerifier, nonce, redirectUri }, answer) {
      try {
        const config = await configuration();
        const tokens = await authorizationCodeGrant(config, new URL(`?${answer}`, redirectUri), {
          expectedState: state,
          pkceCodeVerifier: codeVerifier,
          ...(isOpenId && { expectedNonce: nonce, idTokenExpected: true }),
        });
        const read = async (url: string): Promise<unknown> => {
          const response = await fetchProtectedResource(config, tokens.access_token, new URL(url), 'GET');
          if (!response.ok) throw new NotRead(response.status);
          return response.json();
        };
        const identity = await provider.readIdentity(tokens.claims(), read);
        if (identity === null) return { kind: 'failed', code: 'no_identity' };
        return { kind: 'known', identity, tokens: tokensOf(tokens, provider) };
      } catch (error) {
        if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
          return { kind: 'denied' };
        }
        return failureOf(error);
      }
    },
    async refresh(refreshToken) {
      try {
        const tokens = await refreshTokenGrant(await configuration(), refreshToken);
        return { kind: 'renewed', tokens: tokensOf(tokens, provider) };
      } catch (error) {
        if (error instanceof ResponseBodyError && error.error === 'invalid_grant') return { kind: 'denied' };
        return failureOf(error);
      }
    },
    async revoke({ accessToken, refreshToken }) {
      try {
        if (provider.grant !== undefined)
          return accessToken === null
            ? { kind: 'revoked' }
            : await forgetGrant(provider.grant(settings.clientId), accessToken, settings);
        const config = await configuration();
        if (config.serverMetadata().revocation_endpoint === undefined) return { kind: 'unsupported' };
        // RFC 7009, 2.1: with a refresh token its access tokens should go too, and need not.
        if (refreshToken !== null)
          await tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' }).catch(unlessDead);
        if (accessToken !== null)
          await tokenRevocation(config, accessToken, { token_type_hint: 'access_token' }).catch(unlessDead);
        return { kind: 'revoked' };
      } catch (error) {
        const failure = failureOf(error);
        const status = statusOf(error);
        if (status === null || !isRefusal(status)) return failure;
        const code = error instanceof ResponseBodyError ? failure.code : `status_${status}`;
        return { kind: 'refused', code };
      }
    },
  };
}

/** Known at once, or found out at the first need, and again after a failure. */
function configurationOf(
  provider: Description,
  { clientId, clientSecret, timeoutMs }: OauthClientSettings,
): () => Promise<Configuration> {
  const { issuer, endpoints, secretBy } = provider;
  const secret = (secretBy === 'basic' ? ClientSecretBasic : ClientSecretPost)(clientSecret);
  const timeout = timeoutMs / 1000;
  // Production takes such an address within a private network alone (see config/oauth.ts).
  const ofHttp = issuer.startsWith('http:') ? [allowInsecureRequests] : [];
  if (endpoints === null) {
    let found: Promise<Configuration> | undefined;
    return () => {
      found ??= discovery(new URL(issuer), clientId, undefined, secret, {
        timeout,
        execute: [enableNonRepudiationChecks, ...ofHttp],
      }).catch((error: unknown) => {
        found = undefined;
        throw error;
      });
      return found;
    };
  }
  const server: ServerMetadata = {
    issuer,
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    ...(endpoints.keys !== undefined && { jwks_uri: endpoints.keys }),
    ...(endpoints.revocation !== undefined && { revocation_endpoint: endpoints.revocation }),
  };
  const known = new Configuration(server, clientId, undefined, secret);
  known.timeout = timeout;
  for (const apply of [...(endpoints.keys === undefined ? [] : [enableNonRepudiationChecks]), ...ofHttp]) {
    apply(known);
  }
  return async () => known;
}

/** GitHub's own: the person's whole grant to us goes, with every token under it. */
async function forgetGrant(
  url: string,
  accessToken: string,
  { clientId, clientSecret, timeoutMs }: OauthClientSettings,
): Promise<OauthRevocation> {
  const { status } = await fetch(url, {
    method: 'DELETE',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      'content-type': 'application/json',
      // It refuses whoever does not name themselves.
      'user-agent': 'veza',
    },
    body: JSON.stringify({ access_token: accessToken }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  // 404: the token opens nothing any more.
  if (status === 204 || status === 404) return { kind: 'revoked' };
  return { kind: isRefusal(status) ? 'refused' : 'failed', code: `status_${status}` };
}

/** Google calls a token that is dead already an invalid one; RFC 7009 wants 200. */
function unlessDead(error: unknown): void {
  if (!(error instanceof ResponseBodyError && ['invalid_token', 'invalid_grant'].includes(error.error)))
    throw error;
}

/** What asking again would not change. */
const isRefusal = (status: number) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Of an answer that was no success, which openid-client wraps; null: there was none. */
function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('status' in error && typeof error.status === 'number') return error.status;
  return 'cause' in error ? statusOf(error.cause) : null;
}

const tokensOf = (given: TokenEndpointResponse, { scopeSeparator }: Description): OauthTokens => ({
  accessToken: given.access_token,
  refreshToken: given.refresh_token ?? null,
  // What no row can hold is no scope of anybody's.
  scopes: (given.scope ?? '').split(scopeSeparator).filter((scope) => scope !== '' && isPlainText(scope)),
  expiresInMs: given.expires_in === undefined ? null : given.expires_in * 1000,
});

/** The provider did not tell who they are. */
class NotRead extends Error {
  override readonly name = 'NotRead';
  readonly code: string;

  constructor(status: number) {
    super(`status ${status}`);
    this.code = `status_${status}`;
  }
}

/** Codes as they are made by programs: whatever else a provider says may be of the person. */
const CODE = /^[A-Za-z][A-Za-z0-9_]{1,59}$/;

function failureOf(error: unknown): OauthFailure {
  const { error: said, code } = wordsOf(error);
  const word = [said, code].find((one) => typeof one === 'string' && CODE.test(one));
  return { kind: 'failed', code: typeof word === 'string' ? word : 'unreachable' };
}

const wordsOf = (error: unknown): { readonly error?: unknown; readonly code?: unknown } =>
  typeof error === 'object' && error !== null ? error : {};
