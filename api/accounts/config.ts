import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type AccountsConfig = Pick<
  Config,
  'JWT_SECRET' | 'JWT_JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE' | 'RATE_LIMIT_BEARER'
>;
