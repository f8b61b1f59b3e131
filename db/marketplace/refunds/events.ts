import { asc, eq, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { refundEvents, type RefundStage } from './events-schema.ts';

export interface RefundEventRow {
  readonly id: number;
  readonly refundId: string;
  readonly stage: RefundStage;
  readonly at: Date;
}

/** All events of a refund, oldest first; they are few. */
export async function listRefundEvents(db: Db, refundId: string): Promise<RefundEventRow[]> {
  return db
    .select()
    .from(refundEvents)
    .where(eq(refundEvents.refundId, refundId))
    .orderBy(asc(refundEvents.id));
}

/** The events of each of these refunds after the last known one, by one statement for all. */
export async function readNewRefundEvents(
  db: Db,
  knownIds: ReadonlyMap<string, number>,
): Promise<RefundEventRow[]> {
  const [refundIds, afterIds] = [[...knownIds.keys()], [...knownIds.values()]];
  const rows = await db.execute<{ id: string; refund_id: string; stage: RefundStage; at: string }>(sql`
    SELECT event.id, event.refund_id, event.stage, event.at
    FROM unnest(${sql.param(refundIds)}::uuid[], ${sql.param(afterIds)}::bigint[]) AS known (refund_id, id)
    JOIN refund_events AS event ON event.refund_id = known.refund_id AND event.id > known.id
    ORDER BY event.id`);
  return rows.map((row) => ({
    id: Number(row.id),
    refundId: row.refund_id,
    stage: row.stage,
    at: new Date(row.at),
  }));
}
