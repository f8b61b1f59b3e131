import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { endSubscription } from './end.ts';
import { phantomSubscriptions, type Subscription } from './schema.ts';

/**
 * Ends a locked subscription that says it is in force and has no payment, and keeps the row as it stood, for support.
 * `sweepId` names what ended it. `now` is billing time.
 */
export async function endPhantom(
  tx: Tx,
  subscription: Subscription,
  { sweepId, why, now }: { readonly sweepId: string; readonly why: string; readonly now: Date },
): Promise<Subscription> {
  await tx
    .insert(phantomSubscriptions)
    .values({ sweepId, sweptOn: sql`(now() AT TIME ZONE 'UTC')::date`, row: subscription, why });
  return endSubscription(tx, subscription, { to: 'expired', reason: 'phantom', now });
}
