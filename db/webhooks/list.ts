import { and, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEvents, type WebhookOutcome } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export type WebhookEventRow = typeof webhookEvents.$inferSelect;

export async function readWebhookEvent(db: Db, webhookId: string): Promise<WebhookEventRow | null> {
  const [row] = await db.select().from(webhookEvents).where(eq(webhookEvents.id, webhookId));
  return row ?? null;
}

export async function listWebhookEvents(
  db: Db,
  { outcome, ask }: { outcome: WebhookOutcome | undefined; ask: PageAsk },
): Promise<Page<WebhookEventRow>> {
  const { after, orderBy, limit } = keyset(webhookEvents, webhookEvents.receivedAt, webhookEvents.id, ask);
  const rows = await db
    .select()
    .from(webhookEvents)
    .where(and(outcome === undefined ? undefined : eq(webhookEvents.outcome, outcome), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
