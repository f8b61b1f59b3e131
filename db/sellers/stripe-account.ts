import { eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { sellerAccounts } from './schema.ts';
import { users } from '../accounts/index.ts';

export interface StripeAccountRow {
  readonly stripeAccountId: string | null;
  readonly transfersEnabled: boolean | null;
  readonly payoutsEnabled: boolean | null;
  readonly linkUrl: string | null;
  readonly linkExpiresAt: Date | null;
}

/** A seller's account at Stripe as we know it, or null for somebody unknown. */
export async function readStripeAccount(db: Db, userId: string): Promise<StripeAccountRow | null> {
  const [row] = await db
    .select({
      stripeAccountId: sellerAccounts.stripeAccountId,
      transfersEnabled: sellerAccounts.transfersEnabled,
      payoutsEnabled: sellerAccounts.payoutsEnabled,
      linkUrl: sellerAccounts.linkUrl,
      linkExpiresAt: sellerAccounts.linkExpiresAt,
    })
    .from(users)
    .leftJoin(sellerAccounts, eq(sellerAccounts.userId, users.id))
    .where(eq(users.id, userId));
  return row ?? null;
}
