import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { OauthProvider, OauthTokens } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { sealFor } from '../sealing/person.ts';
import { oauthAccounts } from './schema.ts';

export const placeOfToken = (column: 'access_token' | 'refresh_token', rowId: string) => ({
  table: 'oauth_accounts',
  column,
  rowId,
});

/** Somebody's account at a provider is theirs from here on. Null: another one has it, or they have another one there. */
export async function addOauthAccount(
  tx: Tx,
  userId: string,
  of: { readonly provider: OauthProvider; readonly subject: string },
  tokens: OauthTokens,
): Promise<string | null> {
  const [added] = await tx
    .insert(oauthAccounts)
    .values({ id: uuidv7(), userId, ...of })
    .onConflictDoNothing()
    .returning({ id: oauthAccounts.id });
  if (added === undefined) return null;
  await keepTokens(tx, { id: added.id, userId }, tokens);
  return added.id;
}

/** Seals what the provider gave. Where it gave no refresh token, the one of before stays. */
export async function keepTokens(
  tx: Tx,
  { id, userId }: { readonly id: string; readonly userId: string },
  { accessToken, refreshToken, scopes, expiresInMs }: OauthTokens,
): Promise<void> {
  const sealedAccess = await sealFor(tx, userId, placeOfToken('access_token', id), accessToken);
  const sealedRefresh =
    refreshToken === null
      ? undefined
      : await sealFor(tx, userId, placeOfToken('refresh_token', id), refreshToken);
  await tx
    .update(oauthAccounts)
    .set({
      accessToken: sealedAccess,
      ...(sealedRefresh !== undefined && { refreshToken: sealedRefresh }),
      ...(scopes.length > 0 && { scopes: [...scopes] }),
      expiresAt: expiresInMs === null ? null : sql`now() + ${expiresInMs}::float8 * interval '1 millisecond'`,
    })
    .where(eq(oauthAccounts.id, id));
}
