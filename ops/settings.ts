import { ConfigError, readVariables, VARIABLES } from '../config.ts';
import { type Identity, identityOf, type Signer, signerOf } from '../domain/accounts/index.ts';

// The few settings that the command line needs, by the same rules: an operator has no keys of providers.

export const readDatabaseUrl = (env: NodeJS.ProcessEnv) => readVariables(env, ['DATABASE_URL']).DATABASE_URL;

export interface SigningSettings {
  readonly identity: Identity;
  readonly signer: Signer;
  readonly issuer: string;
  readonly audience: string;
}

const SIGNING = [
  'JWT_SECRET',
  'JWT_SIGNING_KEYS',
  'JWT_SIGNING_KEY_ID',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
] as const;

/** As the API signs. Whoever runs a JWKS address has its private keys: there, tokens are made here by JWT_SECRET alone. */
export function readSigningSettings(env: NodeJS.ProcessEnv): SigningSettings {
  const config = readVariables(env, ['IDENTITY', 'JWT_JWKS_URL', ...SIGNING]);
  const identity = identityOf(config);
  const signer = identity === 'own' ? signerOf(config) : config.JWT_SECRET;
  if (signer === undefined)
    throw new ConfigError([`JWT_SECRET: is missing; expected ${VARIABLES.JWT_SECRET.about}`]);
  return { identity, signer, issuer: config.JWT_ISSUER, audience: config.JWT_AUDIENCE };
}
