import { and, eq, isNotNull } from 'drizzle-orm';
import { onboardingWorkflowId } from '../../domain/sellers/ids.ts';
import type { Db } from '../client.ts';
import { sellerOnboardings } from './schema.ts';
import { users } from '../accounts/index.ts';
import { audit, clearFlags, raiseFlag } from '../kernel/index.ts';

/**
 * Stripe says that a seller's account is gone: nothing is sent to it or paid out of it until Stripe says otherwise or
 * another account is connected. An account that is not the seller's any more changes nothing. Repeatable.
 */
export async function recordAccountGone(db: Db, stripeAccountId: string, message: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [user] = await tx
      .update(users)
      .set({ stripeTransfersEnabled: false, stripePayoutsEnabled: false })
      .where(eq(users.stripeAccountId, stripeAccountId))
      .returning({ id: users.id });
    if (user) await raiseFlag(tx, 'account_gone', onboardingWorkflowId(user.id), message);
  });
}

/**
 * Detaches an account that is gone, so that the seller can get another one. Repeatable: another account is left
 * alone.
 */
export async function detachAccount(db: Db, userId: string, goneAccountId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [user] = await tx
      .update(users)
      .set({ stripeAccountId: null, stripeTransfersEnabled: null, stripePayoutsEnabled: null })
      .where(and(eq(users.id, userId), eq(users.stripeAccountId, goneAccountId)))
      .returning({ id: users.id });
    if (user === undefined) return;
    // The key that made the old account would only return that one.
    await tx
      .update(sellerOnboardings)
      .set({ askedAt: null })
      .where(and(eq(sellerOnboardings.userId, userId), isNotNull(sellerOnboardings.askedAt)));
    const subject = onboardingWorkflowId(userId);
    await clearFlags(tx, 'account_gone', subject);
    await audit(
      tx,
      { actor: 'system', reason: 'Stripe says that the account is gone' },
      { action: 'account.replace', subject, before: { stripeAccountId: goneAccountId }, after: null },
    );
  });
}
