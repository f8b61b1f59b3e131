import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

export const orders: Invariant = {
  number: 2,
  title:
    'per order: its succeeded refunds are what is refunded, within what was captured; refunded means wholly and closed; then no licence stands; what a dispute took agrees with its latest report',
  async check(tx) {
    return [...(await settled(tx)), ...(await disputed(tx))];
  },
};

function settled(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
      WITH settled AS (
        SELECT order_id, sum(amount_minor - excess_minor) AS minor
        FROM refunds WHERE status = 'succeeded' GROUP BY order_id
      ), open AS (
        SELECT DISTINCT order_id FROM refunds WHERE status = 'pending'
      ), licensed AS (
        SELECT item.order_id, count(*) AS standing
        FROM licenses AS license JOIN order_items AS item ON item.id = license.order_item_id
        WHERE license.revoked_at IS NULL
        GROUP BY item.order_id
      ), judged AS (
        SELECT orders.id, orders.status, orders.refunded_minor, orders.captured_minor,
               coalesce(settled.minor, 0) AS settled_minor,
               open.order_id IS NOT NULL AS is_open,
               coalesce(licensed.standing, 0) AS standing,
               orders.captured_minor IS NOT NULL AND orders.refunded_minor = orders.captured_minor AS is_whole
        FROM orders
        LEFT JOIN settled ON settled.order_id = orders.id
        LEFT JOIN open ON open.order_id = orders.id
        LEFT JOIN licensed ON licensed.order_id = orders.id
      )
      SELECT 'order/' || id AS subject, concat_ws('; ',
        CASE WHEN settled_minor <> refunded_minor
          THEN format('its refunds come to %s, %s is marked as refunded', settled_minor, refunded_minor) END,
        CASE WHEN refunded_minor > coalesce(captured_minor, 0)
          THEN format('%s was refunded of %s captured', refunded_minor, coalesce(captured_minor, 0)) END,
        CASE WHEN (status = 'refunded') <> (is_whole AND NOT is_open)
          THEN format('it is %s, with %s of %s refunded and %s refund open',
                      status, refunded_minor, coalesce(captured_minor, 0), CASE WHEN is_open THEN 'a' ELSE 'no' END) END,
        CASE WHEN is_whole AND standing > 0
          THEN format('it is wholly refunded and %s of its licences stand', standing) END
      ) AS detail
      FROM judged
      WHERE settled_minor <> refunded_minor
         OR refunded_minor > coalesce(captured_minor, 0)
         OR (status = 'refunded') <> (is_whole AND NOT is_open)
         OR (is_whole AND standing > 0)`,
  );
}

/** A report that could not be booked is marked on its dispute's row, and on the operators' list. */
function disputed(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH took AS (
      SELECT dispute_id, sum(amount_minor) AS minor FROM refunds
      WHERE dispute_id IS NOT NULL AND status = 'succeeded' GROUP BY dispute_id
    )
    SELECT coalesce('order/' || dispute.order_id, 'invoice/' || dispute.invoice_id) AS subject,
           format('its dispute %s of %s is %s, and %s of it stands as lost',
                  dispute.provider_dispute_id, dispute.amount_minor, dispute.status, coalesce(took.minor, 0)) AS detail
    FROM disputes AS dispute LEFT JOIN took ON took.dispute_id = dispute.id
    WHERE dispute.unbooked_since IS NULL
      AND CASE dispute.status WHEN 'lost' THEN coalesce(took.minor, 0) <> dispute.amount_minor
            WHEN 'open' THEN false ELSE coalesce(took.minor, 0) <> 0 END
    UNION ALL
    SELECT 'refund/' || id, 'it is of a lost dispute, and of none that we know'
    FROM refunds WHERE kind = 'dispute' AND dispute_id IS NULL`,
  );
}
