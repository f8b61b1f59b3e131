import type { EndReason } from '../../domain/subscriptions/subscription-machine.ts';
import type { Tx } from '../client.ts';
import { dropScheduledChange } from './changes/drop-scheduled.ts';
import { tellChangeFailed } from './changes/tell-failed.ts';
import { recogniseRests } from './invoices/schedules.ts';
import { lockOpenInvoice, voidOpenInvoice } from './invoices/void.ts';
import type { Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

/**
 * Ends a locked subscription for good: its open invoice is void, what it still owed in service is revenue, and nothing
 * waits for it any more; a change that fails by it is told. What is still under way at the PSP is ended by its workflow, so it is due at once. `now` is
 * billing time.
 */
export async function endSubscription(
  tx: Tx,
  subscription: Subscription,
  {
    to,
    reason,
    now,
  }: { readonly to: 'expired' | 'canceled'; readonly reason: EndReason; readonly now: Date },
): Promise<Subscription> {
  const open = await lockOpenInvoice(tx, subscription.id);
  const underWay = await voidOpenInvoice(tx, subscription.id);
  // Who ends it themself gives the change up with it.
  if (open?.reason === 'change' && reason !== 'asked' && reason !== 'replaced')
    await tellChangeFailed(tx, subscription, open);
  await dropScheduledChange(tx, subscription.id);
  await recogniseRests(tx, subscription.id);
  return transitionSubscription(tx, subscription, to, {
    endedAt: now,
    endReason: reason,
    nextDueAt: underWay === null ? null : now,
  });
}
