import { and, eq, inArray, or, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEvents, type WebhookProvider } from './schema.ts';

/** A workflow books a report within seconds; if a longer absence of workers holds it up, people should look. */
const BOOKED_WITHIN_MINUTES = 10;

/**
 * Whether a webhook of that type is stored and not handed on yet, or was handed on so recently that it may not be
 * booked yet.
 */
export async function isWebhookUnderWay(
  db: Db,
  wanted: { readonly provider: WebhookProvider; readonly type: string; readonly about: readonly string[] },
): Promise<boolean> {
  const { provider, type, about, outcome, processedAt } = webhookEvents;
  const handedOnLately = sql`${processedAt} > now() - make_interval(mins => ${BOOKED_WITHIN_MINUTES})`;
  const [found] = await db
    .select({ id: webhookEvents.id })
    .from(webhookEvents)
    .where(
      and(
        inArray(about, [...wanted.about]),
        eq(provider, wanted.provider),
        eq(type, wanted.type),
        or(eq(outcome, 'received'), and(eq(outcome, 'signalled'), handedOnLately)),
      ),
    )
    .limit(1);
  return found !== undefined;
}
