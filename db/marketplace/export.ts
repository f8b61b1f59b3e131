import { type SQL, sql } from 'drizzle-orm';
import { byTime, columnsOf, type ExportPart } from '../kernel/index.ts';

const ITEM = columnsOf('item', 'order_id', 'position', 'product_id');
const TITLE = columnsOf('product', 'title');
/** In the order of their orders. */
const byOrder = {
  since: sql`bought.created_at`,
  order: [
    [sql`bought.created_at`, 'timestamptz'],
    [sql`item.id`, 'uuid'],
  ],
} as const satisfies Pick<ExportPart, 'since' | 'order'>;

/** What the marketplace holds of a person, as a buyer and as a seller. Of the other side it has the public name alone. */
export const MARKETPLACE_EXPORT: readonly ExportPart[] = [
  {
    name: 'orders',
    about: 'What you ordered, and how it was paid.',
    tables: ['orders'],
    columns: columnsOf(
      'bought',
      ...['id', 'status', 'total_minor', 'captured_minor', 'refunded_minor', 'currency', 'payment_id'],
      ...['created_at', 'completed_at', 'refund_deadline'],
    ),
    from: (person: SQL) => sql`FROM orders AS bought WHERE bought.buyer_id = ${person}`,
    ...byTime('bought'),
  },
  {
    name: 'order_items',
    about: 'Each thing in your orders, and the public name of who sold it.',
    tables: ['order_items'],
    columns: {
      ...ITEM,
      ...TITLE,
      sold_by: sql`seller.display_name`,
      amount_minor: sql`item.amount_minor`,
      currency: sql`bought.currency`,
    },
    from: (person: SQL) => sql`FROM orders AS bought
      JOIN order_items AS item ON item.order_id = bought.id
      JOIN products AS product ON product.id = item.product_id
      LEFT JOIN user_profiles AS seller ON seller.user_id = item.seller_id
      WHERE bought.buyer_id = ${person}`,
    ...byOrder,
  },
  {
    name: 'licences',
    about: 'What you may use.',
    tables: ['licenses'],
    columns: {
      ...columnsOf('licence', 'id', 'product_id'),
      ...TITLE,
      ...columnsOf('licence', 'created_at', 'revoked_at'),
    },
    from: (
      person: SQL,
    ) => sql`FROM licenses AS licence JOIN products AS product ON product.id = licence.product_id
      WHERE licence.buyer_id = ${person}`,
    ...byTime('licence'),
  },
  {
    name: 'refunds',
    about: 'Money that you got back, and why where you asked for it yourself.',
    tables: ['refunds'],
    columns: {
      ...columnsOf('refund', 'id', 'order_id', 'invoice_id', 'kind', 'status', 'amount_minor', 'currency'),
      reason: sql`CASE WHEN refund.requested_by = payer.id THEN refund.reason END`,
      ...columnsOf('refund', 'created_at', 'succeeded_at', 'failed_at'),
    },
    // By what was paid: each finds its refunds by an index.
    from: (person: SQL) => sql`FROM (
        SELECT bought.id AS order_id, NULL::uuid AS invoice_id, bought.buyer_id AS id FROM orders AS bought
        WHERE bought.buyer_id = ${person}
        UNION ALL
        SELECT NULL, invoice.id, plan.user_id FROM subscriptions AS plan JOIN invoices AS invoice ON invoice.subscription_id = plan.id
        WHERE plan.user_id = ${person}
      ) AS payer JOIN refunds AS refund ON refund.order_id = payer.order_id OR refund.invoice_id = payer.invoice_id
      WHERE true`,
    ...byTime('refund'),
  },
  {
    name: 'disputes',
    about: 'Payments of yours that your bank was asked to take back.',
    tables: ['disputes'],
    columns: columnsOf(
      'dispute',
      ...[
        'id',
        'order_id',
        'invoice_id',
        'status',
        'stage',
        'amount_minor',
        'currency',
        'opened_at',
        'closed_at',
      ],
    ),
    from: (person: SQL) => sql`FROM (
        SELECT bought.id AS order_id, NULL::uuid AS invoice_id FROM orders AS bought WHERE bought.buyer_id = ${person}
        UNION ALL
        SELECT NULL, invoice.id FROM subscriptions AS plan JOIN invoices AS invoice ON invoice.subscription_id = plan.id
        WHERE plan.user_id = ${person}
      ) AS payer JOIN disputes AS dispute ON dispute.order_id = payer.order_id OR dispute.invoice_id = payer.invoice_id
      WHERE true`,
    since: sql`dispute.opened_at`,
    order: [
      [sql`dispute.opened_at`, 'timestamptz'],
      [sql`dispute.id`, 'uuid'],
    ],
  },
  {
    name: 'sales',
    about: 'What others bought of you, and what the platform kept. Who bought it is not yours to have.',
    tables: ['order_items'],
    columns: {
      ...ITEM,
      ...TITLE,
      ...columnsOf('item', 'amount_minor', 'platform_fee_minor'),
      ...columnsOf('bought', 'currency', 'created_at'),
    },
    from: (person: SQL) => sql`FROM order_items AS item
      JOIN orders AS bought ON bought.id = item.order_id
      JOIN products AS product ON product.id = item.product_id
      WHERE item.seller_id = ${person} AND bought.completed_at IS NOT NULL`,
    ...byOrder,
  },
  {
    name: 'transfers',
    about: 'Your shares of orders, on their way to your account at Stripe.',
    tables: ['seller_transfers'],
    columns: columnsOf(
      'transfer',
      ...['id', 'order_id', 'status', 'amount_minor', 'reversed_minor', 'currency', 'stripe_account_id'],
      ...['stripe_transfer_id', 'created_at', 'completed_at'],
    ),
    from: (person: SQL) => sql`FROM seller_transfers AS transfer WHERE transfer.seller_id = ${person}`,
    ...byTime('transfer'),
  },
  {
    name: 'reversals',
    about: 'Shares that were taken back from your account at Stripe.',
    tables: ['transfer_reversals'],
    columns: columnsOf(
      'reversal',
      ...['id', 'transfer_id', 'status', 'amount_minor', 'stripe_reversal_id', 'created_at', 'ended_at'],
    ),
    from: (person: SQL) => sql`FROM seller_transfers AS transfer
      JOIN transfer_reversals AS reversal ON reversal.transfer_id = transfer.id WHERE transfer.seller_id = ${person}`,
    ...byTime('reversal'),
  },
];
