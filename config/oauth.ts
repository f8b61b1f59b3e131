import { z } from 'zod';
import { OAUTH_PROVIDERS, type OauthProvider } from '../domain/accounts/index.ts';
import type { OauthCredentials, OauthSettings } from '../providers/oauth/index.ts';
import { overHttps } from './over-https.ts';
import { list, url } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

const clientId = (provider: string) =>
  variable(
    z.string().min(1, 'an id').optional(),
    '',
    `switches on sign-in by ${provider}: the id of our application there`,
  );
const clientSecret = (provider: string) =>
  variable(z.string().min(1, 'a secret').optional(), '', `secret of our application at ${provider}`, {
    secret: { minChars: 16 },
  });

/** A name of a host as it stands in an address, in lower case and without a port. */
const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
const HOSTS = 'hosts such as app.shop.example, comma-separated, each in full: no *, no scheme, no port';

/** Providers that people may sign in by. */
export const OAUTH_VARIABLES = {
  OAUTH_GOOGLE_CLIENT_ID: clientId('Google'),
  OAUTH_GOOGLE_CLIENT_SECRET: clientSecret('Google'),
  OAUTH_GITHUB_CLIENT_ID: clientId('GitHub'),
  OAUTH_GITHUB_CLIENT_SECRET: clientSecret('GitHub'),
  OAUTH_DISCORD_CLIENT_ID: clientId('Discord'),
  OAUTH_DISCORD_CLIENT_SECRET: clientSecret('Discord'),
  OAUTH_SPOTIFY_CLIENT_ID: clientId('Spotify'),
  OAUTH_SPOTIFY_CLIENT_SECRET: clientSecret('Spotify'),
  OAUTH_OIDC_CLIENT_ID: clientId('another provider of OpenID Connect'),
  OAUTH_OIDC_CLIENT_SECRET: clientSecret('that other provider'),
  OAUTH_OIDC_ISSUER: variable(
    url(/^https?:/, 'https://login.shop.example').optional(),
    '',
    'issuer of that other provider: where its description is',
    { inProduction: overHttps },
  ),
  OAUTH_ALLOWED_REDIRECT_DOMAINS: variable(
    list((part) => HOST.test(part), HOSTS),
    '',
    'hosts besides that of APP_URL that a browser may be sent back to after a sign-in by a provider, by https; exact names, comma-separated',
  ),
  OAUTH_STAND_IN_URL: variable(
    url(/^http:\/\/(?:127\.0\.0\.1|localhost)[:/]/, 'http://127.0.0.1:4600').optional(),
    '',
    'stand-in that plays Google, GitHub, Discord and Spotify, for development; production refuses it',
    { inProduction: () => 'nothing: a stand-in lets everybody in' },
  ),
} as const satisfies Variables;

type OauthConfig = {
  readonly [Name in keyof typeof OAUTH_VARIABLES]: z.output<(typeof OAUTH_VARIABLES)[Name]['schema']>;
};

const namesOf = (provider: OauthProvider) => {
  const prefix = `OAUTH_${provider.toUpperCase() as Uppercase<OauthProvider>}` as const;
  return [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`] as const;
};

/** Problems that concern several variables: half a provider lets nobody in. */
export function oauthProblems(env: Env): readonly string[] {
  return OAUTH_PROVIDERS.flatMap((provider) => {
    const names = [...namesOf(provider), ...(provider === 'oidc' ? ['OAUTH_OIDC_ISSUER'] : [])];
    const given = names.filter((name) => env[name]);
    return given.length === 0 || given.length === names.length
      ? []
      : [`${names.join(', ')}: expected all of them or none`];
  });
}

/** Which providers people may sign in by. */
export const oauthSettingsOf = (config: OauthConfig): OauthSettings => ({
  providers: Object.fromEntries(
    OAUTH_PROVIDERS.flatMap((provider): [OauthProvider, OauthCredentials][] => {
      const [idName, secretName] = namesOf(provider);
      const { [idName]: id, [secretName]: secret } = config;
      return id === undefined || secret === undefined
        ? []
        : [[provider, { clientId: id, clientSecret: secret }]];
    }),
  ),
  oidcIssuer: config.OAUTH_OIDC_ISSUER,
  standInUrl: config.OAUTH_STAND_IN_URL,
});
