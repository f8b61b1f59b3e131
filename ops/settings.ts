import { ConfigError, readVariables, VARIABLES } from '../config.ts';
import { type Identity, identityOf } from '../domain/accounts/index.ts';

/** The few settings that the command line needs, by the same rules: an operator has no keys of providers. */
const NEEDED = ['DATABASE_URL', 'JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const;
type Name = (typeof NEEDED)[number];

/** Reads one setting; throws a ConfigError that names it. */
function readSetting(env: NodeJS.ProcessEnv, name: Name): string | undefined {
  const parsed = VARIABLES[name].schema.safeParse(env[name] || undefined);
  if (parsed.success) return parsed.data;
  const expected = parsed.error.issues.map((issue) => issue.message).join(', ');
  throw new ConfigError([`${name}: ${env[name] ? 'expected' : 'is missing; expected'} ${expected}`]);
}

function requireSetting(env: NodeJS.ProcessEnv, name: Name): string {
  const value = readSetting(env, name);
  if (value !== undefined) return value;
  throw new ConfigError([`${name}: is missing; expected ${VARIABLES[name].about}`]);
}

export const readDatabaseUrl = (env: NodeJS.ProcessEnv) => requireSetting(env, 'DATABASE_URL');

export interface SigningSettings {
  readonly identity: Identity;
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
}

/** Tokens are signed here only with HS256; whoever runs a JWKS address has its private keys. */
export const readSigningSettings = (env: NodeJS.ProcessEnv): SigningSettings => ({
  identity: identityOf(readVariables(env, ['IDENTITY', 'JWT_JWKS_URL'])),
  secret: requireSetting(env, 'JWT_SECRET'),
  issuer: requireSetting(env, 'JWT_ISSUER'),
  audience: requireSetting(env, 'JWT_AUDIENCE'),
});
