import { eq } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { bodyGone } from '../../domain/webhooks/index.ts';
import type { Tx } from '../client.ts';
import { webhookEvents } from './schema.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';

/** An operator wants a stored webhook dispatched again, regardless of its outcome. Throws `webhook_not_found`. */
export async function requestReplay(
  tx: Tx,
  { webhookId, ...act }: Act & { readonly webhookId: string },
): Promise<typeof webhookEvents.$inferSelect> {
  const [stored] = await tx.select().from(webhookEvents).where(eq(webhookEvents.id, webhookId));
  if (stored === undefined) {
    throw new VezaError('webhook_not_found', `There is no webhook event ${webhookId}.`);
  }
  if (stored.body === null) throw bodyGone(webhookId);
  const before = { outcome: stored.outcome };
  await writeAuditLog(tx, act, { action: 'webhook.replay', subject: webhookId, before, after: null });
  return stored;
}
