import { and, eq } from 'drizzle-orm';
import { onboardingWorkflowId } from '../../domain/sellers/ids.ts';
import type { Db } from '../client.ts';
import { sellerAccounts } from './schema.ts';
import { writeAuditLog, clearFlags, raiseFlag } from '../kernel/index.ts';

/**
 * Stripe says that a seller's account is gone: nothing is sent to it or paid out of it until Stripe says otherwise or
 * another account is connected. An account that is not the seller's any more changes nothing. Repeatable.
 */
export async function recordAccountGone(db: Db, stripeAccountId: string, message: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [account] = await tx
      .update(sellerAccounts)
      .set({ transfersEnabled: false, payoutsEnabled: false })
      .where(eq(sellerAccounts.stripeAccountId, stripeAccountId))
      .returning({ userId: sellerAccounts.userId });
    if (account) await raiseFlag(tx, 'account_gone', onboardingWorkflowId(account.userId), message);
  });
}

/**
 * Detaches an account that is gone, so that the seller can get another one. Repeatable: another account is left
 * alone.
 */
export async function detachAccount(db: Db, userId: string, goneAccountId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [account] = await tx
      .update(sellerAccounts)
      // The key that made the old account would only return that one.
      .set({ stripeAccountId: null, transfersEnabled: null, payoutsEnabled: null, askedAt: null })
      .where(and(eq(sellerAccounts.userId, userId), eq(sellerAccounts.stripeAccountId, goneAccountId)))
      .returning({ userId: sellerAccounts.userId });
    if (account === undefined) return;
    const subject = onboardingWorkflowId(userId);
    await clearFlags(tx, 'account_gone', subject);
    await writeAuditLog(
      tx,
      { actor: 'system', reason: 'Stripe says that the account is gone' },
      { action: 'account.replace', subject, before: { stripeAccountId: goneAccountId }, after: null },
    );
  });
}
