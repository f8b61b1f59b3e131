import { and, eq, isNotNull } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEvents } from './schema.ts';
import { readPlatformSetting, writePlatformSetting } from '../kernel/index.ts';

/**
 * Writes down the mode of the workers' key; `unknown` where the key does not say. When the mode changes, events that
 * were refused by the old one wait to be dispatched again: an API process may have taken them in before the first
 * worker had the new key.
 */
export async function tellStripeMode(db: Db, mode: 'live' | 'test' | 'unknown'): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await readPlatformSetting(tx, 'stripe_mode');
    if (before === mode) return;
    await writePlatformSetting(tx, 'stripe_mode', mode);
    await tx
      .update(webhookEvents)
      .set({ outcome: 'received', processedAt: null, error: null })
      .where(and(eq(webhookEvents.outcome, 'other_mode'), isNotNull(webhookEvents.body)));
  });
}
