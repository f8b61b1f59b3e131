import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

export const openRefunds: Invariant = {
  number: 4,
  title:
    'no pending refund of an order that is not refund_pending, nor the reverse; one pending refund a payment',
  async check(tx) {
    return [...(await apart(tx)), ...(await several(tx))];
  },
};

function apart(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'refund/' || refund.id AS subject,
           format('it is pending and its order %s is %s', orders.id, orders.status) AS detail
    FROM refunds AS refund JOIN orders ON orders.id = refund.order_id
    WHERE refund.status = 'pending' AND orders.status <> 'refund_pending'
    UNION ALL
    SELECT 'order/' || orders.id, 'it is refund_pending and no refund of it is pending'
    FROM orders
    WHERE orders.status = 'refund_pending'
      AND NOT EXISTS (SELECT 1 FROM refunds WHERE refunds.order_id = orders.id AND refunds.status = 'pending')`,
  );
}

/** A unique index ensures the same; the check of the books does not rely on it. */
function several(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT coalesce('order/' || order_id, 'invoice/' || invoice_id) AS subject,
           concat_ws(' ', format('%s refunds of it are pending', count(*)), 'of its payment ' || payment_id) AS detail
    FROM refunds WHERE status = 'pending' GROUP BY order_id, invoice_id, payment_id HAVING count(*) > 1`,
  );
}
