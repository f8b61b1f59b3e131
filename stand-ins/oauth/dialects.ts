import type { Person, ProviderName } from './people.ts';

/** What a provider does in its own way. Paths are below its own, `/github`. */
export interface Dialect {
  readonly authorize: string;
  readonly token: string;
  /** Where it takes a token back, as RFC 7009 says; null: in no such way. */
  readonly revoke: string | null;
  /** What its page names as its issuer in its answer (RFC 9207); absent: it names none. */
  readonly namesIssuer: boolean;
  /** Tells who somebody is by an id_token too. */
  readonly hasIdToken: boolean;
  /** When it gives a refresh token: always, never, or when `access_type=offline` asks for one. */
  readonly refreshToken: 'always' | 'never' | 'offline';
  /** Whether a refresh gives another refresh token, and the old one is dead. */
  readonly rotates: boolean;
  /** Seconds that an access token is good for; null: for good. */
  readonly expiresInS: number | null;
  /** How it writes the scopes that it gave. */
  readonly scopeSeparator: ' ' | ',';
  /** What it tells of the person, by path. */
  readonly about: Readonly<Record<string, (person: Person) => unknown>>;
}

const oidcClaims = ({ subject, email, isVerified, name }: Person) => ({
  sub: subject,
  ...(email !== null && { email, email_verified: isVerified }),
  ...(name !== null && { name }),
});

export const DIALECTS: Readonly<Record<ProviderName, Dialect>> = {
  // https://developers.google.com/identity/openid-connect/openid-connect
  google: {
    authorize: '/o/oauth2/v2/auth',
    token: '/token',
    revoke: '/revoke',
    namesIssuer: true,
    hasIdToken: true,
    refreshToken: 'offline',
    rotates: false,
    expiresInS: 3_599,
    scopeSeparator: ' ',
    about: { '/v1/userinfo': oidcClaims },
  },
  // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
  github: {
    authorize: '/login/oauth/authorize',
    token: '/login/oauth/access_token',
    revoke: null,
    // Since April 2026.
    namesIssuer: true,
    hasIdToken: false,
    refreshToken: 'never',
    rotates: false,
    expiresInS: null,
    scopeSeparator: ',',
    about: {
      // The address here is the one that they show to all, of which nothing is said; most show none.
      '/user': ({ subject, name }) => ({ id: Number(subject), login: `user-${subject}`, name, email: null }),
      '/user/emails': ({ subject, email, isVerified }) => [
        {
          email: `${subject}@users.noreply.github.example`,
          primary: false,
          verified: true,
          visibility: null,
        },
        ...(email === null ? [] : [{ email, primary: true, verified: isVerified, visibility: 'private' }]),
      ],
    },
  },
  // https://discord.com/developers/docs/topics/oauth2
  discord: {
    authorize: '/oauth2/authorize',
    token: '/api/oauth2/token',
    revoke: '/api/oauth2/token/revoke',
    namesIssuer: false,
    hasIdToken: false,
    refreshToken: 'always',
    rotates: true,
    expiresInS: 604_800,
    scopeSeparator: ' ',
    about: {
      '/api/users/@me': ({ subject, email, isVerified, name }) => ({
        id: subject,
        username: `user_${subject}`,
        global_name: name,
        email,
        verified: isVerified,
      }),
    },
  },
  // https://developer.spotify.com/documentation/web-api/tutorials/code-flow
  spotify: {
    authorize: '/authorize',
    token: '/api/token',
    revoke: null,
    namesIssuer: false,
    hasIdToken: false,
    refreshToken: 'always',
    rotates: false,
    expiresInS: 3_600,
    scopeSeparator: ' ',
    about: {
      '/v1/me': ({ subject, email, name }) => ({ id: subject, display_name: name, email, type: 'user' }),
    },
  },
  // https://openid.net/specs/openid-connect-core-1_0.html
  oidc: {
    authorize: '/authorize',
    token: '/token',
    revoke: '/revoke',
    namesIssuer: true,
    hasIdToken: true,
    refreshToken: 'always',
    rotates: true,
    expiresInS: 300,
    scopeSeparator: ' ',
    about: { '/userinfo': oidcClaims },
  },
};

/** What an id_token says of the person. */
export const idTokenClaims = oidcClaims;
