import { sql } from 'drizzle-orm';
import { asId, ofThose, BOOKS, own, type PersonalPart, TO_ERASED, TO_NULL } from '../kernel/index.ts';

// A person buys and sells: an order is its buyer's, a transfer and what was taken back of it its seller's.

/** The class of each column of the marketplace's tables, and how a person's rows are found. */
export const MARKETPLACE_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'refund_events',
      key: ['id'],
      of: [],
      none: ['id', 'refund_id', 'stage', 'at'],
    },
    {
      table: 'refund_allocations',
      key: ['refund_id', 'order_item_id'],
      of: [],
      none: [
        ...['refund_id', 'order_item_id', 'seller_source', 'fees_owed_minor', 'fees_netted_minor'],
        ...['in_flight_minor', 'written_off_minor'],
      ],
      law: { seller_minor: BOOKS, fee_minor: BOOKS },
    },
    {
      table: 'transfer_reversals',
      key: ['id'],
      of: [
        ofThose('transfer_id', (person) => sql`SELECT id FROM seller_transfers WHERE seller_id = ${person}`),
      ],
      since: 'created_at',
      none: [
        ...['id', 'transfer_id', 'refund_id', 'covered_minor', 'suspense_minor', 'status', 'idempotency_key'],
        ...[
          'asked_at',
          'needs_new_key',
          'retry_count',
          'next_retry_at',
          'waiting_for',
          'given_up_at',
          'retry_of',
        ],
        ...['done_within_refund', 'work_checked_at', 'created_at', 'ended_at'],
      ],
      pseudonym: ['stripe_reversal_id'],
      erase: { error_message: TO_NULL },
      law: { amount_minor: BOOKS },
    },
    {
      table: 'refunds',
      key: ['id'],
      of: [
        ofThose('order_id', (person) => sql`SELECT id FROM orders WHERE buyer_id = ${person}`),
        ofThose(
          'invoice_id',
          (person) => sql`
            SELECT invoices.id FROM subscriptions JOIN invoices ON invoices.subscription_id = subscriptions.id
            WHERE subscriptions.user_id = ${person}`,
        ),
        own('requested_by'),
      ],
      since: 'created_at',
      none: [
        ...['id', 'order_id', 'invoice_id', 'kind', 'by_items', 'ends_access', 'excess_minor', 'status'],
        ...['asked_at', 'exists_by', 'given_up_at', 'dispute_id', 'succeeded_at', 'failed_at'],
        ...[
          'provider_updated_at',
          'reconcile_checked_at',
          'orphan_missed_at',
          'work_checked_at',
          'created_at',
        ],
      ],
      pseudonym: ['requested_by', 'hyperswitch_refund_id', 'payment_id'],
      erase: { reason: TO_NULL, error_message: TO_NULL },
      law: { amount_minor: BOOKS, currency: BOOKS },
    },
    {
      table: 'dispute_words',
      key: ['id'],
      of: [],
      none: ['id', 'dispute_id', 'said', 'stage', 'amount_minor', 'said_at', 'at'],
    },
    {
      table: 'disputes',
      key: ['id'],
      of: [],
      none: [
        ...['id', 'order_id', 'invoice_id', 'status', 'stage', 'said_at', 'opened_at', 'closed_at'],
        ...['unbooked_since', 'unbooked_why', 'reconcile_checked_at'],
      ],
      pseudonym: ['payment_id', 'provider_dispute_id', 'connector_dispute_id'],
      law: { amount_minor: BOOKS, currency: BOOKS },
    },
    {
      table: 'seller_transfers',
      key: ['id'],
      of: [own('seller_id')],
      since: 'created_at',
      none: [
        ...[
          'id',
          'order_id',
          'reversed_minor',
          'status',
          'idempotency_key',
          'asked_amount_minor',
          'asked_at',
        ],
        ...['retry_count', 'next_retry_at', 'waiting_for', 'missed_at', 'retry_of', 'completed_at'],
        ...['work_checked_at', 'created_at'],
      ],
      pseudonym: ['seller_id', 'stripe_transfer_id'],
      erase: { error_message: TO_NULL },
      law: {
        amount_minor: BOOKS,
        currency: BOOKS,
        stripe_account_id: {
          ...BOOKS,
          name: 'disputes',
          ground: `${BOOKS.ground}; a dispute may come later: 17 (3) e`,
        },
      },
    },
    {
      table: 'licenses',
      key: ['id'],
      of: [],
      none: ['id', 'order_item_id', 'product_id', 'revoked_at', 'created_at'],
      pseudonym: ['buyer_id'],
    },
    {
      table: 'order_items',
      key: ['id'],
      of: [],
      none: ['id', 'order_id', 'position', 'product_id'],
      pseudonym: ['seller_id'],
      law: { amount_minor: BOOKS, platform_fee_minor: BOOKS },
    },
    {
      table: 'orders',
      key: ['id'],
      of: [own('buyer_id')],
      since: 'created_at',
      none: [
        ...['id', 'refunded_minor', 'status', 'payment_status', 'refund_deadline', 'completed_at'],
        ...['payment_watched_until', 'reconcile_checked_at', 'work_checked_at', 'outside_checked_at'],
        ...['outside_over', 'created_at'],
      ],
      pseudonym: ['buyer_id', 'payment_id', 'connector_transaction_id'],
      // Of a paid order, that it has a reason says that its money is held.
      erase: { payment_client_secret: TO_NULL, failure_reason: TO_ERASED },
      law: { total_minor: BOOKS, captured_minor: BOOKS, captured_currency: BOOKS, currency: BOOKS },
    },
  ],
  names: (person) => sql`
    SELECT 'order/' || id FROM orders WHERE buyer_id = ${person}
    UNION ALL SELECT 'refund/' || refunds.id
      FROM orders JOIN refunds ON refunds.order_id = orders.id WHERE orders.buyer_id = ${person}
    UNION ALL SELECT 'transfer/' || id FROM seller_transfers WHERE seller_id = ${person}
    UNION ALL SELECT 'reversal/' || transfer_reversals.id
      FROM seller_transfers JOIN transfer_reversals ON transfer_reversals.transfer_id = seller_transfers.id
      WHERE seller_transfers.seller_id = ${person}`,
  atProviders: (person) => sql`
    SELECT payment_id FROM orders WHERE buyer_id = ${person} AND payment_id IS NOT NULL
    UNION ALL SELECT refunds.id::text
      FROM orders JOIN refunds ON refunds.order_id = orders.id WHERE orders.buyer_id = ${person}
    UNION ALL SELECT refunds.hyperswitch_refund_id
      FROM orders JOIN refunds ON refunds.order_id = orders.id
      WHERE orders.buyer_id = ${person} AND refunds.hyperswitch_refund_id IS NOT NULL
    UNION ALL SELECT disputes.provider_dispute_id
      FROM orders JOIN disputes ON disputes.order_id = orders.id WHERE orders.buyer_id = ${person}
    UNION ALL SELECT stripe_transfer_id
      FROM seller_transfers WHERE seller_id = ${person} AND stripe_transfer_id IS NOT NULL
    UNION ALL SELECT stripe_account_id
      FROM seller_transfers WHERE seller_id = ${person} AND stripe_account_id IS NOT NULL`,
  personsAt: (about) => sql`
    SELECT buyer_id FROM orders WHERE payment_id = ${about}
    UNION ALL SELECT orders.buyer_id FROM refunds JOIN orders ON orders.id = refunds.order_id WHERE refunds.id = ${asId(about)}
    UNION ALL SELECT orders.buyer_id
      FROM refunds JOIN orders ON orders.id = refunds.order_id WHERE refunds.hyperswitch_refund_id = ${about}
    UNION ALL SELECT orders.buyer_id
      FROM disputes JOIN orders ON orders.id = disputes.order_id WHERE disputes.provider_dispute_id = ${about}
    UNION ALL SELECT seller_id FROM seller_transfers WHERE stripe_transfer_id = ${about} AND stripe_transfer_id <> ''`,
};
