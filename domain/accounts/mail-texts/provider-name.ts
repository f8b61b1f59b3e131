const NAMES: Readonly<Record<string, string>> = {
  google: 'Google',
  github: 'GitHub',
  discord: 'Discord',
  spotify: 'Spotify',
};

/** A provider of sign-ins, as people know it. */
export const providerName = (provider: string): string => NAMES[provider] ?? 'your identity provider';
