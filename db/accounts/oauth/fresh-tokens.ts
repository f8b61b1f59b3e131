import { asc, eq, sql } from 'drizzle-orm';
import type { OauthProvider, OauthRenewal } from '../../../domain/accounts/index.ts';
import { isSealed } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { setIdleLimit } from '../../kernel/index.ts';
import { openOf } from '../sealing/person.ts';
import { oauthAccounts } from './schema.ts';
import { keepTokens, placeOfToken } from './tokens.ts';

/** Somebody's account at a provider. */
export interface ProviderLink {
  readonly id: string;
  readonly provider: OauthProvider;
}

export const listProviderLinks = (db: Db, userId: string): Promise<readonly ProviderLink[]> =>
  db
    .select({ id: oauthAccounts.id, provider: oauthAccounts.provider })
    .from(oauthAccounts)
    .where(eq(oauthAccounts.userId, userId))
    .orderBy(asc(oauthAccounts.id));

/** Longer than one call to a provider. */
const ASKS_WITHIN_MS = 15_000;

export type FreshTokens =
  | { readonly kind: 'tokens'; readonly accessToken: string | null; readonly refreshToken: string | null }
  /** The link is gone, or what it held is erased. */
  | { readonly kind: 'gone' }
  | Exclude<OauthRenewal, { kind: 'renewed' }>;

/**
 * The tokens of a link; an access token that has expired is renewed first. The row stays locked while the provider is asked, so
 * that two do not use up one refresh token, and both tokens are sealed anew. Throws `personal_data_unreadable`.
 */
export const freshTokens = (
  db: Db,
  linkId: string,
  renew: (refreshToken: string) => Promise<OauthRenewal>,
): Promise<FreshTokens> =>
  db.transaction(async (tx) => {
    await setIdleLimit(tx, ASKS_WITHIN_MS);
    const [link] = await tx
      .select({
        id: oauthAccounts.id,
        userId: oauthAccounts.userId,
        accessToken: oauthAccounts.accessToken,
        refreshToken: oauthAccounts.refreshToken,
        isOver: sql<boolean>`coalesce(${oauthAccounts.expiresAt} <= clock_timestamp(), false)`,
      })
      .from(oauthAccounts)
      .where(eq(oauthAccounts.id, linkId))
      .for('update');
    if (link === undefined) return { kind: 'gone' };
    const accessToken = await opened(tx, link, 'access_token', link.accessToken);
    const refreshToken = await opened(tx, link, 'refresh_token', link.refreshToken);
    if (accessToken === null && refreshToken === null) return { kind: 'gone' };
    if (!link.isOver || refreshToken === null) return { kind: 'tokens', accessToken, refreshToken };
    const renewal = await renew(refreshToken);
    if (renewal.kind !== 'renewed') return renewal;
    const { tokens } = renewal;
    await keepTokens(tx, link, tokens);
    return {
      kind: 'tokens',
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken ?? refreshToken,
    };
  });

/** Rows of an older system may hold a token plain. */
const opened = async (
  tx: Tx,
  { id, userId }: { readonly id: string; readonly userId: string },
  column: 'access_token' | 'refresh_token',
  token: string | null,
): Promise<string | null> =>
  token === null || !isSealed(token) ? token : openOf(tx, userId, placeOfToken(column, id), token);
