import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions,
  type ProtectedHeaderParameters,
} from 'jose';
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import type { Db } from '../../db/client.ts';
import {
  type NewcomerByToken,
  provisionUser,
  readSessionBySecret,
  readStandingOf,
  takeBearerCall,
} from '../../db/accounts/index.ts';
import { readDeletion } from '../../db/privacy/index.ts';
import { VezaError } from '../../domain/errors.ts';
import {
  asOrdinaryUser,
  CONSOLE_SESSION,
  hasSecondFactor,
  identityOf,
  isSigningAlgorithm,
  ROLES,
  type Caller,
  type SigningKey,
  type Standing,
  whyNotLetIn,
} from '../../domain/accounts/index.ts';
import type { ApiConfig, ApiEnv } from '../context.ts';
import { callerOfKey } from './api-key.ts';
import { assertFromOurPage } from './origins.ts';
import { sayLimit } from './rate-limit.ts';
import { cookieSecret } from './session-cookie.ts';
import { verifyHs256 } from './verify-hs256.ts';

/**
 * Asks for a bearer token (JWT), an API key or the cookie of a session, and sets `caller`: an admin whose session no second
 * factor proved is an ordinary user, on every path.
 */
export const authenticate = createMiddleware<ApiEnv>(async (c, next) => {
  const key = c.req.header('x-api-key');
  const authorization = c.req.header('authorization');
  const secret = cookieSecret(c);
  if ([key, authorization, secret].filter((given) => given !== undefined).length > 1) {
    throw new VezaError(
      'credentials_ambiguous',
      'Send the Authorization header, X-API-Key or the cookie of a session: one of them.',
    );
  }
  const named =
    key !== undefined
      ? await callerOfKey(c, key)
      : secret !== undefined
        ? await callerOfCookie(c, secret)
        : await callerOfToken(c, authorization ?? '');
  const isUnprovedAdmin = named.role === 'admin' && lacksSecondFactor(c.var.session, c.var.deps.config);
  const caller = isUnprovedAdmin ? asOrdinaryUser(named) : named;
  c.set('isUnprovedAdmin', isUnprovedAdmin);
  c.set('caller', caller);
  c.set('log', c.var.log.child({ userId: caller.userId, apiKeyId: c.var.apiKey?.id }));
  await next();
});

/** Admins' keys were made with one. So were tokens of an identity provider, which asks for factors of its own. */
const lacksSecondFactor = (
  session: Standing['session'],
  config: Pick<ApiConfig, 'TWO_FACTOR_FOR_ADMINS'>,
): boolean => config.TWO_FACTOR_FOR_ADMINS && session !== null && !hasSecondFactor(session.amr);

async function callerOfToken(c: Context<ApiEnv>, authorization: string): Promise<Caller> {
  const { now, config } = c.var.deps;
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw new VezaError(
      'unauthenticated',
      'Send a bearer token in the Authorization header, or a key in X-API-Key.',
    );
  }
  const named = await verifyToken(token, config, now());
  const { userId, sessionId, expiresAt } = named;
  let { standing, at } = await takeFromLimit(c, { userId, sessionId });
  if (standing === null && named.newcomer !== null) {
    await provisionUser(c.var.deps.db, named.newcomer);
    ({ standing, at } = await readStandingOf(c.var.deps.db, { userId, sessionId }));
  }
  c.set('credentialsEndAt', expiresAt);
  c.set('session', standing?.session ?? null);
  if (named.provedAtMs !== null) c.set('provedAtMs', named.provedAtMs);
  return withFactorOf(config, named, await letInHere(c, userId, standing, at));
}

/** Throws as `callerOfToken` does, and `csrf_failed` where the call may come from another page. */
async function callerOfCookie(c: Context<ApiEnv>, secret: string): Promise<Caller> {
  const { config, db } = c.var.deps;
  const terms = { ttlMs: config.SESSION_TTL, idleMs: config.SESSION_IDLE };
  const named = identityOf(config) === 'own' ? await readSessionBySecret(db, 'cookie', secret, terms) : null;
  if (named === null) throw refused('There is no session with this cookie.');
  assertFromOurPage(c.req, secret, config);
  const { standing, at } = await takeFromLimit(c, { userId: named.userId, sessionId: named.id });
  const session = standing?.session ?? null;
  c.set('credentialsEndAt', session && new Date(session.expiresAtMs));
  c.set('session', session);
  return letInHere(c, named.userId, standing, at);
}

/** Counts against the person, for all of their tokens: see docs/adr/0011. Throws `rate_limited`. */
async function takeFromLimit(
  c: Context<ApiEnv>,
  of: { readonly userId: string; readonly sessionId: string | null },
) {
  const { config, db } = c.var.deps;
  const perMinute = config.RATE_LIMIT_BEARER;
  const allowance = await takeBearerCall(db, { ...of, perMinute });
  sayLimit(c, perMinute, allowance);
  if (allowance.isAllowed) return allowance;
  throw new VezaError('rate_limited', `You may make ${perMinute} calls a minute.`, { limit: perMinute });
}

/**
 * The token's user, with the role of the row and the session that the token belongs to. Throws `unauthenticated`, what
 * `whyNotLetIn` says, and `engine_unavailable` as `verifyToken` does.
 */
export async function callerOfBearer(
  token: string,
  { db, config }: { readonly db: Db; readonly config: TokenConfig },
  at: Date,
): Promise<LetIn & { readonly expiresAt: Date }> {
  const named = await verifyToken(token, config, at);
  const { userId, sessionId, expiresAt } = named;
  let { standing, at: readAt } = await readStandingOf(db, { userId, sessionId });
  if (standing === null && named.newcomer !== null) {
    await provisionUser(db, named.newcomer);
    ({ standing, at: readAt } = await readStandingOf(db, { userId, sessionId }));
  }
  const caller = withFactorOf(config, named, letIn(userId, standing, readAt));
  return { caller, session: standing?.session ?? null, expiresAt };
}

interface LetIn {
  readonly caller: Caller;
  /** Null: the token is an identity provider's. */
  readonly session: Standing['session'];
}

/** Whose session of the console a cookie holds the secret of. Throws `unauthenticated`, and what `whyNotLetIn` says. */
export async function callerOfConsole(secret: string, { db }: { readonly db: Db }): Promise<LetIn> {
  const named = await readSessionBySecret(db, 'console', secret, CONSOLE_SESSION);
  if (named === null) throw refused('There is no session of the console with this cookie.');
  const { standing, at } = await readStandingOf(db, { userId: named.userId, sessionId: named.id });
  return { caller: letIn(named.userId, standing, at), session: standing?.session ?? null };
}

/** Whoever leaves may call what is said to be for them too; elsewhere they learn until when they may stay after all. */
async function letInHere(
  c: Context<ApiEnv>,
  userId: string,
  standing: Standing | null,
  at: Date,
): Promise<Caller> {
  if (standing === null || whyNotLetIn(standing, at.getTime())?.code !== 'account_closing')
    return letIn(userId, standing, at);
  if (c.var.mayBeLeaving === true) return { userId, role: standing.role };
  const leaving = await readDeletion(c.var.deps.db, userId);
  throw new VezaError('account_closing', 'The account is being closed.', {
    final_at: leaving?.finalAt.toISOString() ?? null,
  });
}

/** Nobody learns whether it is the user or the session that is not known. */
function letIn(userId: string, standing: Standing | null, at: Date): Caller {
  if (standing === null) throw refused(`There is no user ${userId}, or the token's session is not theirs.`);
  const why = whyNotLetIn(standing, at.getTime());
  if (why !== null) throw new VezaError(why.code, why.detail);
  return { userId, role: standing.role };
}

/** An identity provider says in `amr` how somebody signed in. Throws `two_factor_required`. */
function withFactorOf(config: TokenConfig, { amr }: Named, caller: Caller): Caller {
  if (caller.role !== 'admin' || identityOf(config) === 'own' || config.JWT_ADMIN_AMR.length === 0)
    return caller;
  if (config.JWT_ADMIN_AMR.some((method) => amr.includes(method))) return caller;
  throw new VezaError(
    'two_factor_required',
    `An admin's token has to name one of these in amr: ${config.JWT_ADMIN_AMR.join(', ')}.`,
  );
}

type TokenConfig = Pick<
  ApiConfig,
  | 'IDENTITY'
  | 'JWT_SECRET'
  | 'JWT_SIGNING_KEYS'
  | 'JWT_JWKS_URL'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'JWT_USER_ID_CLAIM'
  | 'JWT_ROLE_CLAIM'
  | 'JWT_PROVISION_USERS'
  | 'JWT_ADMIN_AMR'
>;

/** What a token says, once it verifies. */
interface Named {
  readonly userId: string;
  /** Null: an identity provider's. */
  readonly sessionId: string | null;
  readonly expiresAt: Date;
  readonly amr: readonly string[];
  /** Of an identity provider's token: when its person proved who they are (`auth_time`); null where it does not say. */
  readonly provedAtMs: number | null;
  /** Whom to make a user of, if they are none yet. */
  readonly newcomer: NewcomerByToken | null;
}

const Claims = z.object({
  sub: z.uuid().toLowerCase(),
  // The signer may name a role. The role of the row counts.
  role: z.enum(ROLES).optional(),
  exp: z.number(),
  /** The session that a token of ours belongs to. An identity provider's own `sid` is none of ours. */
  sid: z.unknown().optional(),
});
const SessionId = z.uuid().toLowerCase();

/** Throws `unauthenticated`, and `engine_unavailable` where the keys cannot be fetched. */
async function verifyToken(token: string, config: TokenConfig, currentDate: Date): Promise<Named> {
  const options = {
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    requiredClaims: ['exp', 'sub'],
    currentDate,
  };
  const payload = await verifySignature(token, config, options);
  if (identityOf(config) === 'external') return namedBy(payload, config);
  const claims = Claims.safeParse(payload);
  if (!claims.success) throw refused('The token names no user (sub) or no role that we know.');
  const { sub: userId, exp: expiresAtS, sid } = claims.data;
  const expiresAt = new Date(Math.min(expiresAtS * 1000, LAST_DATE_MS));
  const sessionId = SessionId.safeParse(sid);
  if (!sessionId.success) throw refused('The token belongs to no session (sid).');
  return { userId, sessionId: sessionId.data, expiresAt, amr: [], provedAtMs: null, newcomer: null };
}

const Provided = z.object({
  exp: z.number(),
  amr: z.array(z.string()).catch([]),
  auth_time: z.number().optional().catch(undefined),
  email: z.email().optional().catch(undefined),
  email_verified: z.boolean().catch(false),
});

/** As an identity provider says it. Who it is of must be the same for each of their tokens: one of issuer and value. */
function namedBy(payload: JWTPayload, config: TokenConfig): Named {
  const { JWT_USER_ID_CLAIM: idClaim, JWT_ROLE_CLAIM: roleClaim } = config;
  const id = z.string().min(1).safeParse(payload[idClaim]);
  const role = z.enum(ROLES).optional().safeParse(payload[roleClaim]);
  const claims = Provided.safeParse(payload);
  if (!id.success || !role.success || !claims.success) {
    throw refused(`The token names no user (${idClaim}) or no role that we know (${roleClaim}).`);
  }
  const isOurs = z.uuid().safeParse(id.data).success;
  const userId = isOurs ? id.data.toLowerCase() : uuidv5(id.data, uuidv5(config.JWT_ISSUER, uuidv5.URL));
  const { exp, amr, auth_time: authTimeS, email, email_verified: isVerified } = claims.data;
  const mayBeMade = config.JWT_PROVISION_USERS && isVerified && email !== undefined;
  return {
    userId,
    sessionId: null,
    expiresAt: new Date(Math.min(exp * 1000, LAST_DATE_MS)),
    amr,
    provedAtMs: authTimeS === undefined ? null : authTimeS * 1000,
    newcomer: mayBeMade ? { id: userId, email, role: role.data ?? 'user' } : null,
  };
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
  if (
    (alg === 'RS256' || alg === 'ES256') &&
    config.JWT_JWKS_URL !== undefined &&
    identityOf(config) === 'external'
  ) {
    const keys = keysAt(config.JWT_JWKS_URL);
    return jwtVerify(token, keys, { ...options, algorithms: [alg] }).then(
      ({ payload }) => payload,
      (error: unknown) => {
        throw isTokensFault(error) ? refusalOf(error) : keysUnreachable(error);
      },
    );
  }
  if (isSigningAlgorithm(alg) && identityOf(config) === 'own') {
    return jwtVerify(token, keysOf(config.JWT_SIGNING_KEYS), { ...options, algorithms: [alg] }).then(
      ({ payload }) => payload,
      (error: unknown) => {
        throw refusalOf(error);
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

const ownKeys = new WeakMap<readonly SigningKey[], ReturnType<typeof createLocalJWKSet>>();

/** The public halves of our own ring: each is made a key once. */
function keysOf(ring: readonly SigningKey[]): ReturnType<typeof createLocalJWKSet> {
  const known = ownKeys.get(ring);
  if (known) return known;
  const created = createLocalJWKSet({ keys: ring.map(({ publicJwk }) => publicJwk) });
  ownKeys.set(ring, created);
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
