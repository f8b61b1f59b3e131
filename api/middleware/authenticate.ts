import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions,
  type ProtectedHeaderParameters,
} from 'jose';
import { z } from 'zod';
import type { Db } from '../../db/client.ts';
import { asCaller, readCaller, takeBearerCall } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { ROLES, type Caller, type Role } from '../../domain/accounts/index.ts';
import type { ApiConfig, ApiEnv } from '../context.ts';
import { callerOfKey } from './api-key.ts';
import { sayLimit } from './rate-limit.ts';
import { verifyHs256 } from './verify-hs256.ts';

/** Asks for a bearer token (JWT) or an API key, and sets `caller`. */
export const authenticate = createMiddleware<ApiEnv>(async (c, next) => {
  const key = c.req.header('x-api-key');
  const authorization = c.req.header('authorization');
  if (key !== undefined && authorization !== undefined) {
    throw new VezaError('credentials_ambiguous', 'Send the Authorization header or X-API-Key, not both.');
  }
  const caller = key === undefined ? await callerOfToken(c, authorization ?? '') : await callerOfKey(c, key);
  c.set('caller', caller);
  c.set('log', c.var.log.child({ userId: caller.userId, apiKeyId: c.var.apiKey?.id }));
  await next();
});

async function callerOfToken(c: Context<ApiEnv>, authorization: string): Promise<Caller> {
  const { now, config } = c.var.deps;
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw new VezaError(
      'unauthenticated',
      'Send a bearer token in the Authorization header, or a key in X-API-Key.',
    );
  }
  const { userId, expiresAt } = await verifyToken(token, config, now());
  const role = await takeFromLimit(c, userId);
  c.set('credentialsEndAt', expiresAt);
  return asCaller(userId, role);
}

/** Counts against the person, for all of their tokens: see docs/adr/0011. Returns their role. Throws `rate_limited`. */
async function takeFromLimit(c: Context<ApiEnv>, userId: string): Promise<Role | null> {
  const { config, db } = c.var.deps;
  const perMinute = config.RATE_LIMIT_BEARER;
  const allowance = await takeBearerCall(db, { userId, perMinute });
  sayLimit(c, perMinute, allowance);
  if (allowance.isAllowed) return allowance.role;
  throw new VezaError('rate_limited', `You may make ${perMinute} calls a minute.`, { limit: perMinute });
}

/**
 * The token's user, with the role of the row. Throws `unauthenticated`, and `engine_unavailable` as `verifyToken`
 * does.
 */
export async function callerOfBearer(
  token: string,
  { db, config }: { readonly db: Db; readonly config: TokenConfig },
  at: Date,
): Promise<{ readonly caller: Caller; readonly expiresAt: Date }> {
  const { userId, expiresAt } = await verifyToken(token, config, at);
  return { caller: await readCaller(db, userId), expiresAt };
}

type TokenConfig = Pick<ApiConfig, 'JWT_SECRET' | 'JWT_JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE'>;

const Claims = z.object({
  sub: z.uuid().toLowerCase(),
  // The signer may name a role. The role of the row counts.
  role: z.enum(ROLES).optional(),
  exp: z.number(),
});

/** Throws `unauthenticated`, and `engine_unavailable` where the keys cannot be fetched. */
async function verifyToken(
  token: string,
  config: TokenConfig,
  currentDate: Date,
): Promise<{ readonly userId: string; readonly expiresAt: Date }> {
  const options = {
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    requiredClaims: ['exp', 'sub'],
    currentDate,
  };
  const payload = await verifySignature(token, config, options);
  const claims = Claims.safeParse(payload);
  if (!claims.success) throw refused('The token names no user (sub) or no role that we know.');
  const { sub: userId, exp: expiresAtS } = claims.data;
  return { userId, expiresAt: new Date(Math.min(expiresAtS * 1000, LAST_DATE_MS)) };
}

/** What a Date can hold (ECMA-262). */
const LAST_DATE_MS = 8.64e15;

/** The algorithm selects the key, and a key allows only its own algorithms: a public key is never used as a secret. */
async function verifySignature(
  token: string,
  config: TokenConfig,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const header = headerOf(token);
  const { alg } = header;
  if (alg === 'HS256' && config.JWT_SECRET !== undefined) {
    try {
      return verifyHs256(token, header, config.JWT_SECRET, options);
    } catch (error) {
      throw refusalOf(error);
    }
  }
  if ((alg === 'RS256' || alg === 'ES256') && config.JWT_JWKS_URL !== undefined) {
    const keys = keysAt(config.JWT_JWKS_URL);
    return jwtVerify(token, keys, { ...options, algorithms: [alg] }).then(
      ({ payload }) => payload,
      (error: unknown) => {
        throw isTokensFault(error) ? refusalOf(error) : keysUnreachable(error);
      },
    );
  }
  throw refused('The token is signed with an algorithm that is not accepted here.');
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw refused('The token does not verify.');
  }
}

const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

/** One key set for each address: it caches the keys, and fetches them anew when a token names an unknown one. */
function keysAt(url: string): ReturnType<typeof createRemoteJWKSet> {
  const known = keySets.get(url);
  if (known) return known;
  const created = createRemoteJWKSet(new URL(url));
  keySets.set(url, created);
  return created;
}

const refused = (detail: string) => new VezaError('unauthenticated', detail);

function refusalOf(error: unknown): VezaError {
  if (error instanceof errors.JWTExpired) return refused('The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refused(`The token's ${error.claim} claim is not accepted here.`);
  }
  return refused('The token does not verify.');
}

/** jose's errors when keys cannot be fetched: an answer other than 200 is its plain JOSEError. */
const KEYS_UNREACHABLE: ReadonlySet<string> = new Set([
  errors.JOSEError.code,
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
]);

const isTokensFault = (error: unknown) =>
  error instanceof errors.JOSEError && !KEYS_UNREACHABLE.has(error.code);

function keysUnreachable(cause: unknown): VezaError {
  const error = new VezaError(
    'engine_unavailable',
    'The keys that bearer tokens are signed with cannot be fetched.',
  );
  error.cause = cause;
  return error;
}
