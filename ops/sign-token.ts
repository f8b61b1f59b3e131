import { SignJWT } from 'jose';
import { openSession } from '../db/accounts/index.ts';
import type { Db } from '../db/client.ts';
import type { Caller } from '../domain/accounts/index.ts';
import type { SigningSettings } from './settings.ts';

/**
 * A bearer token (HS256) for a user, valid for `ttlMs`, with a session of its own where accounts are ours: whoever made it by
 * the command line can end it like any other.
 */
export async function makeToken(
  db: Db,
  signing: SigningSettings,
  caller: Caller,
  ttlMs: number,
): Promise<string> {
  if (signing.identity === 'external') return signToken(signing, caller, ttlMs);
  const { session } = await openSession(db, { userId: caller.userId, kind: 'ops', amr: ['cli'], ttlMs });
  return signToken(signing, { ...caller, sessionId: session.id }, ttlMs);
}

/** The token alone; without `sessionId` it belongs to no session of ours. */
export async function signToken(
  { secret, issuer, audience }: SigningSettings,
  { userId, role, sessionId }: Caller & { readonly sessionId?: string },
  ttlMs: number,
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({
    role,
    ...(sessionId !== undefined && { sid: sessionId, amr: ['cli'], auth_time: nowS }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + Math.ceil(ttlMs / 1000))
    .sign(new TextEncoder().encode(secret));
}
