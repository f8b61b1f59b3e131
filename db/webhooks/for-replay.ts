import { and, asc, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { webhookEvents, type WebhookOutcome } from './schema.ts';

export interface ReplayFilter {
  readonly outcome?: WebhookOutcome | undefined;
  /** Received at least so long ago. */
  readonly olderThanMinutes?: number | undefined;
  /** Received within this time. */
  readonly newerThanMinutes?: number | undefined;
  readonly ids?: readonly string[] | undefined;
}

/** Stored webhooks to dispatch again, in the order in which they came. */
export async function listWebhooksForReplay(
  db: Db | Tx,
  { outcome, olderThanMinutes, newerThanMinutes, ids }: ReplayFilter,
  limit: number,
): Promise<{ readonly id: string; readonly outcome: WebhookOutcome }[]> {
  const ago = (minutes: number) => sql`now() - ${minutes} * interval '1 minute'`;
  return db
    .select({ id: webhookEvents.id, outcome: webhookEvents.outcome })
    .from(webhookEvents)
    .where(
      and(
        // A webhook without a body cannot be dispatched; only a replay by its id says so.
        isNotNull(webhookEvents.body),
        outcome === undefined ? undefined : eq(webhookEvents.outcome, outcome),
        olderThanMinutes === undefined
          ? undefined
          : sql`${webhookEvents.receivedAt} <= ${ago(olderThanMinutes)}`,
        newerThanMinutes === undefined
          ? undefined
          : sql`${webhookEvents.receivedAt} >= ${ago(newerThanMinutes)}`,
        ids === undefined ? undefined : inArray(webhookEvents.id, [...ids]),
      ),
    )
    .orderBy(asc(webhookEvents.receivedAt), asc(webhookEvents.id))
    .limit(limit);
}
