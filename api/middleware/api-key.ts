import type { Context } from 'hono';
import { isKeyOf, prefixOf, readKeyByPrefix, takeCall } from '../../db/accounts/index.ts';
import { callerByKey, callKindOf, mayCall, type Caller, whyNotLetIn } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { sayLimit } from './rate-limit.ts';

/**
 * The caller of this key. Takes the call from the key's limit, and puts what is left of it into the answer's headers.
 * The key is read at every call, so that a revoked key stops working at once; while the database is away, nobody gets
 * in.
 */
export async function callerOfKey(c: Context<ApiEnv>, key: string): Promise<Caller> {
  const { db, now } = c.var.deps;
  const prefix = prefixOf(key);
  const stored = prefix === undefined ? null : await readKeyByPrefix(db, prefix);
  if (stored === null || !isKeyOf(key, stored.keyHash)) throw refused('There is no such API key.');
  if (stored.revokedAt !== null) throw refused('The API key was revoked.');
  if (stored.expiresAt !== null && stored.expiresAt <= now()) throw refused('The API key has expired.');
  const why = whyNotLetIn({ ...stored, session: null }, now().getTime());
  if (why !== null) throw new VezaError(why.code, why.detail);
  if (stored.isMakerGone)
    throw refused('The user who made the API key is no admin with an open account any more.');

  const kind = callKindOf(c.req.method);
  const perHour = kind === 'read' ? stored.readsPerHour : stored.writesPerHour;
  const allowance = await takeCall(db, { keyId: stored.id, kind, perHour });
  sayLimit(c, perHour, allowance);
  if (!allowance.isAllowed) {
    throw new VezaError('rate_limited', `This API key may make ${perHour} ${kind} calls an hour.`, {
      limit: perHour,
    });
  }
  if (!mayCall(stored.scopes, kind)) {
    throw new VezaError('forbidden', `This API key has not the scope ${kind}, which ${c.req.method} needs.`);
  }
  c.set('apiKey', { id: stored.id, scopes: stored.scopes });
  c.set('session', null);
  c.set('credentialsEndAt', stored.expiresAt);
  return callerByKey({ userId: stored.userId, role: stored.role }, stored.scopes);
}

const refused = (detail: string) => new VezaError('unauthenticated', detail);
