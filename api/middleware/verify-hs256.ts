import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  type ProtectedHeaderParameters,
  UnsecuredJWT,
} from 'jose';

/** `{"alg":"none"}`, under which jose looks at claims alone. */
const UNSECURED = Buffer.from('{"alg":"none"}').toString('base64url');
/** 32 bytes as base64url. */
const SIGNATURE = /^[\w-]{43}$/;

/**
 * The claims of a token that is signed with HS256 (RFC 7515, 7518): the signature in place, by Node, since WebCrypto hands
 * each to another thread and back; the claims by jose. Throws jose's errors. The caller has read the header: its `alg` is
 * HS256.
 */
export function verifyHs256(
  token: string,
  header: ProtectedHeaderParameters,
  secret: string,
  options: JWTVerifyOptions,
): JWTPayload {
  const [protectedHeader, payload, signature, ...more] = token.split('.');
  // An extension that has to be understood: none is.
  if (header.alg !== 'HS256' || header.crit !== undefined || more.length > 0) throw new errors.JWSInvalid();
  if (signature === undefined || !SIGNATURE.test(signature))
    throw new errors.JWSSignatureVerificationFailed();
  const expected = createHmac('sha256', secret).update(`${protectedHeader}.${payload}`).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'base64url'))) {
    throw new errors.JWSSignatureVerificationFailed();
  }
  return UnsecuredJWT.decode(`${UNSECURED}.${payload}.`, options).payload;
}
