import { and, eq, inArray, isNull, or } from 'drizzle-orm';
import { onboardingWorkflowId } from '../../../domain/sellers/index.ts';
import type { Db } from '../../client.ts';
import { sellerAccounts } from '../../sellers/index.ts';
import { sellerTransfers } from './schema.ts';
import { clearFlags } from '../../kernel/index.ts';
import { transferLabel, type TransferWork } from '../labels.ts';

export interface SeenAccount {
  readonly stripeAccountId: string;
  readonly transfersEnabled: boolean;
  readonly payoutsEnabled: boolean;
}

/**
 * Keeps what Stripe says of a seller's account, connects it where the seller has none, and returns the transfers that
 * may go out now. Those that Stripe was never asked for are among them, since one may be about to find no account. An
 * account other than the seller's changes nothing.
 */
export async function recordAccount(db: Db, userId: string, seen: SeenAccount): Promise<TransferWork[]> {
  const { stripeAccountId, transfersEnabled, payoutsEnabled } = seen;
  return db.transaction(async (tx) => {
    const said = { stripeAccountId, transfersEnabled, payoutsEnabled };
    const [account] = await tx
      .insert(sellerAccounts)
      .values({ userId, ...said })
      .onConflictDoUpdate({
        target: sellerAccounts.userId,
        set: said,
        setWhere: or(
          isNull(sellerAccounts.stripeAccountId),
          eq(sellerAccounts.stripeAccountId, stripeAccountId),
        )!,
      })
      .returning({ userId: sellerAccounts.userId });
    if (account === undefined) return [];
    await clearFlags(tx, 'account_gone', onboardingWorkflowId(userId));
    if (!transfersEnabled) return [];
    const open = await tx
      .select()
      .from(sellerTransfers)
      .where(
        and(
          eq(sellerTransfers.sellerId, userId),
          inArray(sellerTransfers.status, ['pending', 'failed']),
          or(eq(sellerTransfers.waitingFor, 'stripe_account'), isNull(sellerTransfers.askedAt)),
        ),
      );
    return open.map(transferLabel);
  });
}
