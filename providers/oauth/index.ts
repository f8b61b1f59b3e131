import type { OauthClients, OauthProvider } from '../../domain/accounts/index.ts';
import { createOauthClient } from './client.ts';
import { discord, github, google, oidc, spotify } from './descriptions.ts';

/** The name and the secret that a provider knows us by. */
export interface OauthCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface OauthSettings {
  /** Those that are switched on. */
  readonly providers: Readonly<Partial<Record<OauthProvider, OauthCredentials>>>;
  /** Of the provider `oidc`. */
  readonly oidcIssuer?: string | undefined;
  /** Who plays the four, each below its name; undefined: they are where they are. */
  readonly standInUrl?: string | undefined;
  readonly timeoutMs?: number;
}

/** So long a browser waits for each call of ours to a provider. */
const TIMEOUT_MS = 5_000;

/** A client for each provider that is switched on. */
export function createOauthClients(settings: OauthSettings): OauthClients {
  const { providers, oidcIssuer, standInUrl, timeoutMs = TIMEOUT_MS } = settings;
  const descriptions = {
    google: google(standInUrl),
    github: github(standInUrl),
    discord: discord(standInUrl),
    spotify: spotify(standInUrl),
    ...(oidcIssuer !== undefined && { oidc: oidc(oidcIssuer) }),
  };
  return Object.fromEntries(
    Object.entries(descriptions).flatMap(([name, description]) => {
      const credentials = providers[name as OauthProvider];
      return credentials ? [[name, createOauthClient(description, { ...credentials, timeoutMs })]] : [];
    }),
  );
}
