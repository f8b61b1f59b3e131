import { SignJWT } from 'jose';
import type { Caller } from '../domain/accounts/index.ts';
import type { SigningSettings } from './settings.ts';

/** A bearer token (HS256) for a user, valid for `ttlMs`. */
export async function signToken(
  { secret, issuer, audience }: SigningSettings,
  { userId, role }: Caller,
  ttlMs: number,
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({ role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + Math.ceil(ttlMs / 1000))
    .sign(new TextEncoder().encode(secret));
}
