import type { Db } from '../client.ts';
import { sellerOnboardings } from './schema.ts';

/** The link to Stripe's forms, for the one answer that hands it out. */
export async function recordAccountLink(
  db: Db,
  userId: string,
  { url, expiresAtMs }: { readonly url: string; readonly expiresAtMs: number },
): Promise<void> {
  const link = { linkUrl: url, linkExpiresAt: new Date(expiresAtMs) };
  await db
    .insert(sellerOnboardings)
    .values({ userId, ...link })
    .onConflictDoUpdate({ target: sellerOnboardings.userId, set: link });
}
