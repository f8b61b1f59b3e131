import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type AccountsConfig = Pick<
  Config,
  | 'NODE_ENV'
  | 'APP_ENV'
  | 'APP_URL'
  | 'API_URL'
  | 'IDENTITY'
  | 'JWT_SECRET'
  | 'JWT_SIGNING_KEYS'
  | 'JWT_SIGNING_KEY_ID'
  | 'JWT_JWKS_URL'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'RATE_LIMIT_BEARER'
  | 'RATE_LIMIT_ANONYMOUS'
  | 'RATE_LIMIT_AUTH'
  | 'ACCESS_TOKEN_TTL'
  | 'SESSION_TTL'
  | 'SESSION_IDLE'
  | 'AUTH_HASH_CONCURRENCY'
  | 'OAUTH_ALLOWED_REDIRECT_DOMAINS'
  | 'CHAT_JWT_SECRET'
  | 'TWO_FACTOR_FOR_ADMINS'
  | 'JWT_USER_ID_CLAIM'
  | 'JWT_ROLE_CLAIM'
  | 'JWT_PROVISION_USERS'
  | 'JWT_ADMIN_AMR'
>;
