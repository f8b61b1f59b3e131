export const PROVIDERS = ['google', 'github', 'discord', 'spotify', 'oidc'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** Who is signed in at a provider, as it tells of them. Whether that is true, a provider may not know: a test lies by it. */
export interface Person {
  /** A number at GitHub, whose answers write it as one. */
  readonly subject: string;
  readonly email: string | null;
  /** Spotify never says so. */
  readonly isVerified: boolean;
  readonly name: string | null;
}
