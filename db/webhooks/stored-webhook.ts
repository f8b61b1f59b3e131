import { eq } from 'drizzle-orm';
import { isUuid } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { webhookEvents, type WebhookProvider } from './schema.ts';

/** The body of a webhook whose signature was verified; null where no webhook of that id and provider counts. */
export async function readStoredWebhook(
  db: Db,
  provider: WebhookProvider,
  id: string | null,
): Promise<string | null> {
  if (!isUuid(id)) return null;
  const [stored] = await db.select().from(webhookEvents).where(eq(webhookEvents.id, id));
  return stored?.provider === provider && stored.outcome !== 'other_mode' ? stored.body : null;
}
