import { and, eq, sql } from 'drizzle-orm';
import { maskTextForGood } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { isOver, type RowsOver } from '../kernel/index.ts';
import { webhookEvents } from './schema.ts';

/** Webhooks that were processed so long ago, and whose bodies are as they came. */
export const bodiesOver = (retentionMs: number): RowsOver => ({
  table: 'webhook_events',
  key: ['id', 'uuid'],
  overAt: sql`processed_at`,
  keptForMs: retentionMs,
  and: sql`body IS NOT NULL AND body_masked_at IS NULL`,
});

/**
 * Masks the body of a webhook for good: ids, amounts and statuses stay, so it can still be replayed. False where somebody is at
 * work on it, or where it is not over any more.
 */
export async function maskBody(
  db: Db,
  bodies: RowsOver,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [row] = await tx
      .select({ body: webhookEvents.body })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.id, id), isOver(bodies, by)))
      .for('update', { skipLocked: true });
    if (row === undefined || row.body === null) return false;
    await tx
      .update(webhookEvents)
      .set({ body: maskTextForGood(row.body), bodyMaskedAt: sql`clock_timestamp()` })
      .where(eq(webhookEvents.id, id));
    return true;
  });
}
