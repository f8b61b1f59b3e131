import { createHmac } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { Signer } from '../../../domain/accounts/index.ts';

const HS256 = base64url({ alg: 'HS256', typ: 'JWT' });

/** A bearer token (RFC 7519): by the secret in place, since WebCrypto hands each to another thread; by a key pair as jose does it. */
export async function signToken(signer: Signer, claims: JWTPayload): Promise<string> {
  if (typeof signer === 'string') {
    const signed = `${HS256}.${base64url(claims)}`;
    return `${signed}.${createHmac('sha256', signer).update(signed).digest('base64url')}`;
  }
  const { id: kid, algorithm: alg, privateJwk } = signer;
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid }).sign(privateJwk);
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
