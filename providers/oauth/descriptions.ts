import type { OauthIdentity } from '../../domain/accounts/index.ts';
import { readDiscordUser, readGithubUser, readIdToken, readSpotifyUser } from './identities.ts';

/** Reads something of the person from the provider, with their access token. */
export type ReadAbout = (url: string) => Promise<unknown>;

/** What is of a provider's own. */
export interface Description {
  readonly issuer: string;
  /** Null: they are found out from the issuer, and so are the keys (OpenID Connect Discovery). */
  readonly endpoints: {
    readonly authorization: string;
    readonly token: string;
    /** Of those that give an id_token. */
    readonly keys?: string;
    /** Of those that revoke as RFC 7009 says. */
    readonly revocation?: string;
  } | null;
  /** Where a provider forgets in its own way that the person ever agreed to us. */
  readonly grant?: (clientId: string) => string;
  readonly scopes: readonly string[];
  /** What its page is asked besides. */
  readonly asks?: Readonly<Record<string, string>>;
  /** How it wants the secret (RFC 6749, 2.3.1). */
  readonly secretBy: 'basic' | 'post';
  /** How it writes the scopes that it gave. */
  readonly scopeSeparator: ' ' | ',';
  /** From the claims of the id_token, or by asking; null: it told of nobody. */
  readIdentity(claims: unknown, read: ReadAbout): Promise<OauthIdentity | null>;
}

/** Where a provider is; a stand-in has them all below its own address. */
const at = (own: string, standIn: string | undefined, provider: string) =>
  standIn === undefined ? own : `${standIn}/${provider}`;

// https://accounts.google.com/.well-known/openid-configuration
export const google = (standIn?: string): Description => {
  const issuer = at('https://accounts.google.com', standIn, 'google');
  return {
    issuer,
    endpoints: {
      authorization: `${issuer}/o/oauth2/v2/auth`,
      token: `${at('https://oauth2.googleapis.com', standIn, 'google')}/token`,
      keys: standIn === undefined ? 'https://www.googleapis.com/oauth2/v3/certs' : `${issuer}/jwks`,
      // https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
      revocation: `${at('https://oauth2.googleapis.com', standIn, 'google')}/revoke`,
    },
    scopes: ['openid', 'email', 'profile'],
    // Without it there is no refresh token.
    asks: { access_type: 'offline' },
    secretBy: 'post',
    scopeSeparator: ' ',
    readIdentity: async (claims) => readIdToken(claims),
  };
};

// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
export const github = (standIn?: string): Description => {
  const site = at('https://github.com', standIn, 'github');
  const api = at('https://api.github.com', standIn, 'github');
  return {
    // Which it names in its answers (RFC 9207) since April 2026.
    issuer: `${site}/login/oauth`,
    endpoints: {
      authorization: `${site}/login/oauth/authorize`,
      token: `${site}/login/oauth/access_token`,
    },
    // https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-authorization
    grant: (clientId) => `${api}/applications/${clientId}/grant`,
    scopes: ['read:user', 'user:email'],
    secretBy: 'post',
    scopeSeparator: ',',
    readIdentity: async (_, read) =>
      readGithubUser(await read(`${api}/user`), await read(`${api}/user/emails`)),
  };
};

// https://discord.com/developers/docs/topics/oauth2
export const discord = (standIn?: string): Description => {
  const issuer = at('https://discord.com', standIn, 'discord');
  return {
    issuer,
    endpoints: {
      authorization: `${issuer}/oauth2/authorize`,
      token: `${issuer}/api/oauth2/token`,
      revocation: `${issuer}/api/oauth2/token/revoke`,
    },
    scopes: ['identify', 'email'],
    secretBy: 'basic',
    scopeSeparator: ' ',
    readIdentity: async (_, read) => readDiscordUser(await read(`${issuer}/api/users/@me`)),
  };
};

// https://developer.spotify.com/documentation/web-api/tutorials/code-flow
// It has no call to revoke a token: people remove an application at spotify.com/account/apps.
export const spotify = (standIn?: string): Description => {
  const issuer = at('https://accounts.spotify.com', standIn, 'spotify');
  return {
    issuer,
    endpoints: { authorization: `${issuer}/authorize`, token: `${issuer}/api/token` },
    scopes: ['user-read-email'],
    secretBy: 'basic',
    scopeSeparator: ' ',
    readIdentity: async (_, read) =>
      readSpotifyUser(await read(`${at('https://api.spotify.com', standIn, 'spotify')}/v1/me`)),
  };
};

/** Any other provider of OpenID Connect. */
export const oidc = (issuer: string): Description => ({
  issuer,
  endpoints: null,
  scopes: ['openid', 'email', 'profile'],
  secretBy: 'basic',
  scopeSeparator: ' ',
  readIdentity: async (claims) => readIdToken(claims),
});
