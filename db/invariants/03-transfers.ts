import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import {
  CURRENT_REVERSALS,
  CURRENT_TRANSFERS,
  type Invariant,
  type Violation,
  violations,
} from './invariant.ts';

export const transfers: Invariant = {
  number: 3,
  title:
    'per transfer: what was reversed is the sum of its reversals, within its amount; allocations sum to their refund',
  async check(tx) {
    return [...(await reversed(tx)), ...(await allocations(tx)), ...(await items(tx))];
  },
};

function reversed(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH taken_back AS (
      SELECT transfer_id, sum(amount_minor - covered_minor) AS minor
      FROM ${CURRENT_REVERSALS} AS reversal WHERE status = 'reversed' GROUP BY transfer_id
    )
    SELECT 'transfer/' || transfer.id AS subject, concat_ws('; ',
      CASE WHEN transfer.reversed_minor <> coalesce(taken_back.minor, 0)
        THEN format('its reversals took back %s, %s is marked as reversed',
                    coalesce(taken_back.minor, 0), transfer.reversed_minor) END,
      CASE WHEN transfer.reversed_minor > transfer.amount_minor
        THEN format('%s was reversed of %s', transfer.reversed_minor, transfer.amount_minor) END
    ) AS detail
    FROM ${CURRENT_TRANSFERS} AS transfer LEFT JOIN taken_back ON taken_back.transfer_id = transfer.id
    WHERE transfer.reversed_minor <> coalesce(taken_back.minor, 0)
       OR transfer.reversed_minor > transfer.amount_minor`,
  );
}

/** A failed order holds only suspended money: no item bears a refund of it. */
function allocations(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH allocated AS (
      SELECT refund_id, sum(seller_minor + fee_minor) AS minor FROM refund_allocations GROUP BY refund_id
    )
    SELECT 'refund/' || refund.id AS subject,
           format('its allocations sum to %s, it is %s less %s beyond the captured amount%s',
                  coalesce(allocated.minor, 0), refund.amount_minor, refund.excess_minor,
                  CASE WHEN orders.failure_reason IS NOT NULL THEN ', of suspended money' ELSE '' END) AS detail
    FROM refunds AS refund
    JOIN orders ON orders.id = refund.order_id
    LEFT JOIN allocated ON allocated.refund_id = refund.id
    WHERE CASE WHEN orders.failure_reason IS NOT NULL THEN allocated.refund_id IS NOT NULL
          ELSE coalesce(allocated.minor, 0) <> refund.amount_minor - refund.excess_minor END`,
  );
}

/** Refunds that stand never hold more of an item than was paid for it. */
function items(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH borne AS (
      SELECT allocation.order_item_id, sum(allocation.seller_minor + allocation.fee_minor) AS minor
      FROM refund_allocations AS allocation JOIN refunds AS refund ON refund.id = allocation.refund_id
      WHERE refund.status IN ('pending', 'succeeded')
      GROUP BY allocation.order_item_id
    )
    SELECT 'order/' || item.order_id AS subject,
           format('refunds take %s of item %s, for which %s was paid', borne.minor, item.id, item.amount_minor) AS detail
    FROM order_items AS item JOIN borne ON borne.order_item_id = item.id
    WHERE borne.minor > item.amount_minor`,
  );
}
