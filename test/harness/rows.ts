import { and, eq, isNull } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect, vi } from 'vitest';
import { licenses, orderItems } from '../../db/marketplace/orders/schema.ts';
import { opsFlags } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import type { World } from './world.ts';

// What tests look at again and again, beyond the world's own look at one row.

export async function licensesOf({ database: { db } }: World, orderId: string) {
  const rows = await db
    .select({ license: licenses, sellerId: orderItems.sellerId })
    .from(licenses)
    .innerJoin(orderItems, eq(orderItems.id, licenses.orderItemId))
    .where(eq(orderItems.orderId, orderId))
    .orderBy(orderItems.position);
  return rows.map(({ license, sellerId }) => ({ ...license, sellerId }));
}

export const refundsOf = ({ database: { db } }: World, orderId: string) =>
  db.select().from(refunds).where(eq(refunds.orderId, orderId)).orderBy(refunds.createdAt);

/** The kinds of what waits for a person about a subject. */
export async function flagsOf({ database: { db } }: World, subject: string): Promise<string[]> {
  const rows = await db
    .select({ kind: opsFlags.kind })
    .from(opsFlags)
    .where(and(eq(opsFlags.subject, subject), isNull(opsFlags.clearedAt)));
  return rows.map((row) => row.kind);
}

/** Every row of an order as it stands, to be compared with itself later: not whether a sweep has looked at it. */
export async function pictureOf({ database: { sql } }: World, orderId: string): Promise<unknown> {
  const [row] = await sql`
    SELECT
      (SELECT to_jsonb(o) - 'outside_checked_at' FROM orders o WHERE o.id = ${orderId}) AS "order",
      (SELECT jsonb_agg(r ORDER BY r.id) FROM refunds r WHERE r.order_id = ${orderId}) AS refunds,
      (SELECT jsonb_agg(l ORDER BY l.id) FROM licenses l JOIN order_items i ON i.id = l.order_item_id
       WHERE i.order_id = ${orderId}) AS licenses,
      (SELECT jsonb_agg(t ORDER BY t.id) FROM seller_transfers t WHERE t.order_id = ${orderId}) AS transfers,
      (SELECT jsonb_agg(v ORDER BY v.id) FROM transfer_reversals v JOIN seller_transfers t ON t.id = v.transfer_id
       WHERE t.order_id = ${orderId}) AS reversals,
      (SELECT jsonb_agg(e ORDER BY e.id) FROM ledger_entries e WHERE e.root_id = ${orderId}) AS entries`;
  return row;
}

/** A webhook as the inbox keeps it, of a refund that nobody knows where a test says nothing else; its id. */
export async function storedWebhook(
  { database: { db } }: Pick<World, 'database'>,
  values: Partial<typeof webhookEvents.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const body = JSON.stringify({ event_type: 'refund_succeeded', refund_id: uuidv7(), status: 'succeeded' });
  await db.insert(webhookEvents).values({
    ...{ id, provider: 'hyperswitch', eventId: id, type: 'refund_succeeded', body },
    ...values,
  });
  return id;
}

/** Waits until what is asserted holds: for what no workflow's end, request or delivery announces. */
export const eventually = <T>(assertion: () => T | Promise<T>, timeoutMs = 20_000): Promise<T> =>
  vi.waitFor(assertion, { timeout: timeoutMs, interval: 25 });

/** Phase 2 is over: the PSP has the refund, and its id is kept. */
export const adopted = (world: World, refundId: string) =>
  eventually(async () => {
    expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId);
  });

/** The webhook of an object arrived and was answered 2xx. */
export const delivered = (world: World, objectId: string, type: string) =>
  world.psp.control.waitForDelivery((delivery) => delivery.objectId === objectId && delivery.type === type);

/** An activity of the workflow was tried this often without success, as an operator sees it. */
export const attempted = (world: World, workflowId: string, attempts: number) =>
  eventually(async () => {
    const { raw } = await world.temporal.workflow.getHandle(workflowId).describe();
    expect(raw.pendingActivities?.[0]?.attempt ?? 0).toBeGreaterThanOrEqual(attempts);
  });

/** `COMPLETED`, `RUNNING`, … of the last run under this id. */
export async function workflowStatus(world: World, workflowId: string): Promise<string> {
  return (await world.temporal.workflow.getHandle(workflowId).describe()).status.name;
}

/** A history as people with access to Temporal read it, payloads decoded. */
export async function historyText(world: World, workflowId: string): Promise<string> {
  const history = await world.temporal.workflow.getHandle(workflowId).fetchHistory();
  return JSON.stringify(history, (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
  );
}
