import { type SQL, sql } from 'drizzle-orm';
import type { OpenMoney } from '../kernel/index.ts';

/** Orders with somebody on either side. */
const ordersOf = (person: SQL) => sql`
  SELECT id FROM orders WHERE buyer_id = ${person}
  UNION SELECT order_id FROM order_items WHERE seller_id = ${person}`;

/** Older rows without a deadline get 14 days, as in domain/marketplace/eligibility.ts. */
const DEADLINE = sql`coalesce(refund_deadline, coalesce(completed_at, created_at) + interval '14 days')`;
const REFUNDABLE = sql`status IN ('completed', 'refund_pending', 'partially_refunded')`;

/** When the last right to a refund ends of an order with this person on either side; NULL where there is none. */
export const lastRefundDeadline = (person: SQL): SQL => sql`
  SELECT max(${DEADLINE}) AS until FROM orders WHERE ${REFUNDABLE} AND id IN (${ordersOf(person)})`;

/** A buyer has no part in how a share gets to its seller: that holds the seller alone. */
export const MARKETPLACE_OPEN_MONEY = [
  {
    wait: 'order_pending',
    // Of one that failed, the payment may still come for a while.
    rows: (person) => sql`
    SELECT FROM orders WHERE (status = 'pending' OR payment_watched_until > now()) AND id IN (${ordersOf(person)})`,
  },
  {
    wait: 'refund_window',
    rows: (person) => sql`
    SELECT FROM orders WHERE ${REFUNDABLE} AND ${DEADLINE} > now() AND id IN (${ordersOf(person)})`,
  },
  {
    wait: 'refund_open',
    rows: (person) => sql`SELECT FROM refunds WHERE status = 'pending' AND order_id IN (${ordersOf(person)})`,
  },
  {
    wait: 'dispute_open',
    rows: (person) => sql`
    SELECT FROM disputes WHERE (status = 'open' OR unbooked_since IS NOT NULL) AND order_id IN (${ordersOf(person)})`,
  },
  {
    wait: 'transfer_open',
    rows: (person) =>
      sql`SELECT FROM seller_transfers WHERE seller_id = ${person} AND status IN ('pending', 'failed')`,
  },
  {
    wait: 'reversal_open',
    rows: (person) => sql`
    SELECT FROM seller_transfers AS sent JOIN transfer_reversals AS reversal ON reversal.transfer_id = sent.id
    WHERE sent.seller_id = ${person} AND reversal.status = 'pending'`,
  },
] as const satisfies readonly OpenMoney[];
