import { and, eq, isNotNull } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEvents } from './schema.ts';
import { readPlatformSetting, writePlatformSetting } from '../kernel/index.ts';

/**
 * Writes down of which mode the workers' key is; `unknown` where it does not say. Once that is another mode than before,
 * events that were held against the old one wait to be handed on anew: an API process may have taken them in before the
 * first worker had the new key.
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
