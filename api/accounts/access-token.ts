import { createHmac } from 'node:crypto';
import type { OwnUser, Session } from '../../db/accounts/index.ts';
import type { ApiConfig } from '../context.ts';

const HEADER = base64url({ alg: 'HS256', typ: 'JWT' });

/** A bearer token of a session (RFC 7519, HS256), with the seconds that it is good for: no longer than the session. */
export function accessTokenOf(
  config: Pick<ApiConfig, 'JWT_SECRET' | 'JWT_ISSUER' | 'JWT_AUDIENCE' | 'ACCESS_TOKEN_TTL'>,
  { user, session, at }: { readonly user: OwnUser; readonly session: Session; readonly at: Date },
): { readonly token: string; readonly expiresInS: number } {
  const { JWT_SECRET: secret, JWT_ISSUER: iss, JWT_AUDIENCE: aud } = config;
  if (secret === undefined) throw new Error('JWT_SECRET: is missing');
  const iat = Math.floor(at.getTime() / 1000);
  const exp = Math.min(
    iat + Math.floor(config.ACCESS_TOKEN_TTL / 1000),
    Math.floor(session.expiresAt.getTime() / 1000),
  );
  const claims = {
    ...{ iss, aud, iat, exp, sub: user.id, sid: session.id, role: user.role, amr: session.amr },
    auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
  };
  const signed = `${HEADER}.${base64url(claims)}`;
  const signature = createHmac('sha256', secret).update(signed).digest('base64url');
  return { token: `${signed}.${signature}`, expiresInS: Math.max(exp - iat, 0) };
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
