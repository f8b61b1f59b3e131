import type { Db } from '../client.ts';
import { sellerAccounts } from './schema.ts';

/** The link to Stripe's forms, for the one answer that hands it out. */
export async function recordAccountLink(
  db: Db,
  userId: string,
  { url, expiresAtMs }: { readonly url: string; readonly expiresAtMs: number },
): Promise<void> {
  const link = { linkUrl: url, linkExpiresAt: new Date(expiresAtMs) };
  await db
    .insert(sellerAccounts)
    .values({ userId, ...link })
    .onConflictDoUpdate({ target: sellerAccounts.userId, set: link });
}
