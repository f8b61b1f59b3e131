import { type SQL, sql } from 'drizzle-orm';
import { balanceSign, type SellerAccount } from '../../domain/ledger/index.ts';
import type { LedgerSubject } from '../../domain/postings.ts';
import type { Tx } from '../client.ts';
import { CURRENT_TRANSFERS, type Invariant, type Violation, violations } from './invariant.ts';

const BALANCES = {
  pending: 'pending_minor',
  available: 'available_minor',
  paying_out: 'paying_out_minor',
  owed: 'owed_minor',
  fees_owed: 'fees_owed_minor',
} as const satisfies Record<SellerAccount, string>;

const asEntered = Object.keys(BALANCES).filter((name) => balanceSign(`seller:any:${name}`) === 1);
const list = (parts: readonly SQL[]) => sql.join([...parts], sql`, `);

export const ledgerBalances: Invariant = {
  number: 1,
  title:
    'every ledger transaction sums to zero per currency and belongs to existing rows; every balance equals its entries',
  async check(tx) {
    return [
      ...(await unbalanced(tx)),
      ...(await sellerBalances(tx)),
      ...(await unsentShares(tx)),
      ...(await keptBalances(tx)),
      ...(await suspendedPayments(tx)),
      ...(await suspendedReversals(tx)),
      ...(await underwayPayouts(tx)),
      ...(await namesNothing(tx)),
      ...(await endedDebts(tx)),
    ];
  },
};

function unbalanced(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'ledger transaction ' || transaction_id AS subject,
           format('sums to %s %s', sum(amount_minor), currency) AS detail
    FROM ledger_entries
    GROUP BY transaction_id, currency
    HAVING sum(amount_minor) <> 0`,
  );
}

/** In both directions: a balance without entries, and entries without a balance. */
function sellerBalances(tx: Tx): Promise<Violation[]> {
  const columns = Object.entries(BALANCES).map(
    ([name, column]) => sql`(${sql.raw(`'${name}'`)}, ${sql.identifier(column)})`,
  );
  const positive = list(asEntered.map((name) => sql.raw(`'${name}'`)));
  return violations(
    tx,
    sql`
    WITH booked AS (
      SELECT split_part(account, ':', 2) AS seller_id, split_part(account, ':', 3) AS name, currency,
             sum(amount_minor) * CASE WHEN split_part(account, ':', 3) IN (${positive}) THEN 1 ELSE -1 END AS minor
      FROM ledger_entries
      WHERE account LIKE 'seller:%'
      GROUP BY account, currency
    ), held AS (
      SELECT seller_id::text AS seller_id, balance.name, currency, balance.minor
      FROM seller_balances, LATERAL (VALUES ${list(columns)}) AS balance (name, minor)
    )
    SELECT 'seller ' || seller_id AS subject,
           format('%s is %s %s, its entries say %s', name, coalesce(held.minor, 0), currency, coalesce(booked.minor, 0))
             AS detail
    FROM booked FULL JOIN held USING (seller_id, name, currency)
    WHERE coalesce(held.minor, 0) <> coalesce(booked.minor, 0)`,
  );
}

/** `pending` is what transfers still have to send, and the rest that the currency's grain keeps back. */
function unsentShares(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH refunded AS (
      SELECT item.order_id, item.seller_id, sum(allocation.in_flight_minor) AS minor
      FROM refund_allocations AS allocation JOIN order_items AS item ON item.id = allocation.order_item_id
      WHERE allocation.in_flight_minor > 0
      GROUP BY item.order_id, item.seller_id
    ), unsent AS (
      SELECT transfer.seller_id, transfer.currency, sum(transfer.amount_minor - coalesce(refunded.minor, 0)) AS minor
      FROM ${CURRENT_TRANSFERS} AS transfer
      LEFT JOIN refunded ON refunded.order_id = transfer.order_id AND refunded.seller_id = transfer.seller_id
      WHERE transfer.completed_at IS NULL AND transfer.status NOT IN ('settled_outside', 'written_off')
      GROUP BY transfer.seller_id, transfer.currency
    )
    SELECT 'seller ' || seller_id AS subject,
           format('%s %s is pending, transfers are to send %s and the rest is %s',
                  balance.pending_minor, currency, coalesce(unsent.minor, 0), balance.rest_minor) AS detail
    FROM seller_balances AS balance LEFT JOIN unsent USING (seller_id, currency)
    WHERE balance.pending_minor <> coalesce(unsent.minor, 0) + balance.rest_minor`,
  );
}

/**
 * The balances that seller statements read equal the current ones; the check above reports where those differ from their
 * entries.
 */
function keptBalances(tx: Tx): Promise<Violation[]> {
  const columns = Object.values(BALANCES).map((column) => sql.identifier(column));
  return violations(
    tx,
    sql`
    SELECT 'seller ' || held.seller_id AS subject,
           format('its statement in %s ends with other balances than it has', held.currency) AS detail
    FROM seller_balances AS held
    LEFT JOIN LATERAL (
      SELECT * FROM seller_postings
      WHERE seller_id = held.seller_id AND currency = held.currency
      ORDER BY created_at DESC, first_entry_id DESC LIMIT 1
    ) AS kept ON true
    WHERE (${list(columns.map((column) => sql`held.${column}`))})
        <> (${list(columns.map((column) => sql`coalesce(kept.${column}, 0)`))})
      AND NOT EXISTS (
        SELECT FROM ledger_entries WHERE account LIKE 'seller:' || held.seller_id || ':%' AND currency = held.currency
        GROUP BY account
        HAVING abs(sum(amount_minor)) <> CASE split_part(account, ':', 3) ${sql.join(
          Object.entries(BALANCES).map(
            ([name, column]) => sql`WHEN ${sql.raw(`'${name}'`)} THEN held.${sql.identifier(column)}`,
          ),
          sql` `,
        )} END)`,
  );
}

/** Money that an order could not take waits in `suspense:order` until its refund takes it out. */
function suspendedPayments(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH booked AS (
      SELECT root_id AS order_id, -sum(amount_minor) AS minor
      FROM ledger_entries WHERE account = 'suspense:order' GROUP BY root_id
    ), held AS (
      SELECT id AS order_id, captured_minor - refunded_minor AS minor
      FROM orders WHERE failure_reason IS NOT NULL AND captured_minor IS NOT NULL
    )
    SELECT coalesce('order/' || order_id, 'suspense:order') AS subject,
           format('holds %s of a payment that it could not take, the ledger says %s',
                  coalesce(held.minor, 0), coalesce(booked.minor, 0)) AS detail
    FROM booked FULL JOIN held USING (order_id)
    WHERE coalesce(held.minor, 0) <> coalesce(booked.minor, 0)`,
  );
}

/** Money that others' reversals took and no refund has claimed waits in `suspense:seller`. */
function suspendedReversals(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH booked AS (
      SELECT root_id AS order_id, -sum(amount_minor) AS minor
      FROM ledger_entries WHERE account = 'suspense:seller' GROUP BY root_id
    ), held AS (
      SELECT transfer.order_id, sum(reversal.suspense_minor) AS minor
      FROM transfer_reversals AS reversal JOIN seller_transfers AS transfer ON transfer.id = reversal.transfer_id
      WHERE reversal.suspense_minor <> 0
      GROUP BY transfer.order_id
    )
    SELECT coalesce('order/' || order_id, 'suspense:seller') AS subject,
           format('reversals of others hold %s that no refund claimed, the ledger says %s',
                  coalesce(held.minor, 0), coalesce(booked.minor, 0)) AS detail
    FROM booked FULL JOIN held USING (order_id)
    WHERE coalesce(held.minor, 0) <> coalesce(booked.minor, 0)`,
  );
}

/** Money set aside for banks equals the open payouts. */
function underwayPayouts(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'seller ' || seller_id AS subject,
           format('%s %s is being paid out, open payouts say %s', paying_out_minor, currency, coalesce(open.minor, 0)) AS detail
    FROM seller_balances
    LEFT JOIN (
      SELECT seller_id, currency, sum(amount_minor) AS minor FROM seller_payouts
      WHERE status = 'pending' GROUP BY seller_id, currency
    ) AS open USING (seller_id, currency)
    WHERE paying_out_minor <> coalesce(open.minor, 0)`,
  );
}

/** Every row that a posting may be of, and the one in whose story it stands. */
const NAMED = {
  order: sql`SELECT 'order', id, 'order', id FROM orders`,
  refund: sql`
    SELECT 'refund', id, CASE WHEN order_id IS NULL THEN 'invoice' ELSE 'order' END, coalesce(order_id, invoice_id)
    FROM refunds`,
  transfer: sql`SELECT 'transfer', id, 'order', order_id FROM seller_transfers`,
  reversal: sql`
    SELECT 'reversal', reversal.id, 'order', transfer.order_id
    FROM transfer_reversals AS reversal JOIN seller_transfers AS transfer ON transfer.id = reversal.transfer_id`,
  payout: sql`SELECT 'payout', id, 'payout', id FROM seller_payouts`,
  balance: sql`SELECT DISTINCT 'balance', seller_id, 'balance', seller_id FROM seller_balances`,
  invoice: sql`SELECT 'invoice', id, 'invoice', id FROM invoices`,
} as const satisfies Record<LedgerSubject, SQL>;

/** No foreign key holds what an entry is of, since each kind of row has a table of its own. */
function namesNothing(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH named (of_kind, of_id, root_kind, root_id) AS (${sql.join(Object.values(NAMED), sql` UNION ALL `)})
    SELECT DISTINCT 'ledger transaction ' || transaction_id AS subject,
           format('it is of %s/%s in the story of %s/%s, which is not there', of_kind, of_id, root_kind, root_id) AS detail
    FROM ledger_entries AS entry
    WHERE NOT EXISTS (
      SELECT FROM named
      WHERE (named.of_id, named.of_kind, named.root_id, named.root_kind)
          = (entry.of_id, entry.of_kind, entry.root_id, entry.root_kind))`,
  );
}

/** A person may end what a seller owes, and never what we owe a seller. */
function endedDebts(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'ledger transaction ' || transaction_id AS subject,
           format('it is a %s and moves %s by %s', kind, account, amount_minor) AS detail
    FROM ledger_entries
    WHERE kind IN ('debt_settled_outside', 'debt_written_off') AND account LIKE 'seller:%'
      AND NOT (amount_minor < 0 AND split_part(account, ':', 3) IN ('owed', 'fees_owed'))`,
  );
}
