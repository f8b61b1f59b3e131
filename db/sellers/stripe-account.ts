import { eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { sellerOnboardings } from './schema.ts';
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
      stripeAccountId: users.stripeAccountId,
      transfersEnabled: users.stripeTransfersEnabled,
      payoutsEnabled: users.stripePayoutsEnabled,
      linkUrl: sellerOnboardings.linkUrl,
      linkExpiresAt: sellerOnboardings.linkExpiresAt,
    })
    .from(users)
    .leftJoin(sellerOnboardings, eq(sellerOnboardings.userId, users.id))
    .where(eq(users.id, userId));
  return row ?? null;
}
