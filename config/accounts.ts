import { z } from 'zod';
import { IDENTITIES, identityOf } from '../domain/accounts/index.ts';
import { overHttps } from './over-https.ts';
import { integer, url } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

/** Who calls, and how often. */
export const ACCOUNTS_VARIABLES = {
  IDENTITY: variable(
    z.enum(IDENTITIES, IDENTITIES.join(' or ')).optional(),
    '',
    'who knows the person: `own` (accounts of ours) or `external` (an identity provider); `external` where JWT_JWKS_URL is set',
  ),
  JWT_SECRET: variable(
    z.string().min(32, 'at least 32 characters').optional(),
    'change-me-to-32-characters-or-more',
    'secret of HS256 bearer tokens; this or JWT_JWKS_URL',
    { secret: { minChars: 32 } },
  ),
  JWT_JWKS_URL: variable(
    url(/^https?:/, 'https://issuer.example/.well-known/jwks.json').optional(),
    '',
    'where RS256/ES256 keys of bearer tokens are',
    { inProduction: overHttps },
  ),
  JWT_ISSUER: variable(
    z.string().min(1, 'an issuer').default('veza'),
    'veza',
    'issuer that bearer tokens must name',
  ),
  JWT_AUDIENCE: variable(
    z.string().min(1, 'an audience').default('veza'),
    'veza',
    'audience that bearer tokens must name',
  ),
  RATE_LIMIT_BEARER: variable(
    integer(600, 1, 1_000_000),
    '600',
    'calls of one person in a minute by bearer tokens, over all API processes',
  ),
} as const satisfies Variables;

/** Problems that concern several variables. */
export function accountsProblems(env: Env): readonly string[] {
  const given = IDENTITIES.find((one) => one === env['IDENTITY']);
  const isOwn = identityOf({ IDENTITY: given, JWT_JWKS_URL: env['JWT_JWKS_URL'] }) === 'own';
  return [...secretProblems(env, isOwn), ...(isOwn ? ownProblems(env) : [])];
}

function secretProblems(env: Env, isOwn: boolean): readonly string[] {
  if (env['JWT_SECRET'] || (!isOwn && env['JWT_JWKS_URL'])) return [];
  const instead = isOwn ? '' : ', or JWT_JWKS_URL instead';
  return [`JWT_SECRET: is missing; expected at least 32 characters${instead}`];
}

/** What an installation with accounts of its own needs in production. */
function ownProblems(env: Env): readonly string[] {
  if (env['NODE_ENV'] !== 'production' || env['PERSONAL_DATA_KEYS']) return [];
  return ['PERSONAL_DATA_KEYS: is missing; expected a key that what is personal is sealed under'];
}
