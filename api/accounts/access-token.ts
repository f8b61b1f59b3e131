import { type OwnUser, type Session, signToken } from '../../db/accounts/index.ts';
import { signerOf } from '../../domain/accounts/index.ts';
import type { ApiConfig } from '../context.ts';

type TokenSettings = Pick<
  ApiConfig,
  | 'JWT_SECRET'
  | 'JWT_SIGNING_KEYS'
  | 'JWT_SIGNING_KEY_ID'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'ACCESS_TOKEN_TTL'
>;

/** A bearer token of a session, with the seconds that it is good for: no longer than the session. */
export async function accessTokenOf(
  config: TokenSettings,
  { user, session, at }: { readonly user: OwnUser; readonly session: Session; readonly at: Date },
): Promise<{ readonly token: string; readonly expiresInS: number }> {
  const { JWT_ISSUER: iss, JWT_AUDIENCE: aud } = config;
  const signer = signerOf(config);
  if (signer === undefined) throw new Error('JWT_SECRET, JWT_SIGNING_KEYS: both are missing');
  const iat = Math.floor(at.getTime() / 1000);
  const exp = Math.min(
    iat + Math.floor(config.ACCESS_TOKEN_TTL / 1000),
    Math.floor(session.expiresAt.getTime() / 1000),
  );
  const claims = {
    ...{ iss, aud, iat, exp, sub: user.id, sid: session.id, role: user.role, amr: session.amr },
    auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
  };
  return { token: await signToken(signer, claims), expiresInS: Math.max(exp - iat, 0) };
}
