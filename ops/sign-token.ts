import { openSession, signToken } from '../db/accounts/index.ts';
import type { Db } from '../db/client.ts';
import type { Caller } from '../domain/accounts/index.ts';
import type { SigningSettings } from './settings.ts';

/**
 * A bearer token for a user, valid for `ttlMs`, signed as the API signs; with a session of its own where accounts are ours:
 * whoever made it by the command line can end it like any other.
 */
export async function makeToken(
  db: Db,
  signing: SigningSettings,
  caller: Caller,
  ttlMs: number,
): Promise<string> {
  if (signing.identity === 'external') return tokenOf(signing, caller, ttlMs);
  const { session } = await openSession(db, { userId: caller.userId, kind: 'ops', amr: ['cli'], ttlMs });
  return tokenOf(signing, { ...caller, sessionId: session.id }, ttlMs);
}

/** The token alone; without `sessionId` it belongs to no session of ours. */
export async function tokenOf(
  { signer, issuer: iss, audience: aud }: SigningSettings,
  { userId: sub, role, sessionId: sid }: Caller & { readonly sessionId?: string },
  ttlMs: number,
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + Math.ceil(ttlMs / 1000);
  const ofSession = sid === undefined ? {} : { sid, amr: ['cli'], auth_time: iat };
  return signToken(signer, { role, ...ofSession, ...{ sub, iss, aud, iat, exp } });
}
