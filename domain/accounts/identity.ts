/** Who knows the person: we (`own`), or an identity provider of the operator's. */
export const IDENTITIES = ['own', 'external'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** Somebody who has a provider's keys means that provider, unless they say otherwise. */
export const identityOf = ({
  IDENTITY: given,
  JWT_JWKS_URL: keysUrl,
}: {
  readonly IDENTITY?: Identity | undefined;
  readonly JWT_JWKS_URL?: string | undefined;
}): Identity => given ?? (keysUrl === undefined || keysUrl === '' ? 'own' : 'external');
