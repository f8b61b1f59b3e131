// The saga's SQL, one for all peers: what the product's own transactions write, in as few statements as are simple.

/** Runs one statement in the transaction that it belongs to, whichever driver that has. */
export type Query = (text: string, params: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export const TABLES = `
  CREATE TABLE orders (
    id uuid PRIMARY KEY, seller_id uuid NOT NULL, total_minor bigint NOT NULL, refunded_minor bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'completed'
  );
  CREATE TABLE licenses (order_id uuid PRIMARY KEY REFERENCES orders, revoked_at timestamptz);
  CREATE TABLE balances (seller_id uuid PRIMARY KEY, available_minor bigint NOT NULL CHECK (available_minor >= 0));
  CREATE TABLE transfers (
    order_id uuid PRIMARY KEY REFERENCES orders, stripe_transfer_id text NOT NULL, amount_minor bigint NOT NULL,
    reversed_minor bigint NOT NULL DEFAULT 0
  );
  CREATE TABLE refunds (
    id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders, amount_minor bigint NOT NULL, status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), succeeded_at timestamptz
  );
  CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id) WHERE status = 'pending';
  CREATE INDEX refunds_by_order ON refunds (order_id);
  CREATE TABLE allocations (refund_id uuid PRIMARY KEY REFERENCES refunds, seller_minor bigint NOT NULL, fee_minor bigint NOT NULL);
  CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, refund_id uuid NOT NULL, account text NOT NULL, amount_minor bigint NOT NULL
  );
  CREATE TABLE reversals (
    id uuid PRIMARY KEY, refund_id uuid NOT NULL UNIQUE REFERENCES refunds, stripe_transfer_id text NOT NULL,
    amount_minor bigint NOT NULL, status text NOT NULL, stripe_reversal_id text, completed_at timestamptz
  );
  CREATE TABLE webhooks (event_id text PRIMARY KEY, body text NOT NULL, received_at timestamptz NOT NULL DEFAULT now())`;

export interface Refund {
  readonly refundId: string;
  readonly orderId: string;
  readonly amountMinor: number;
}

export interface Reversal {
  readonly reversalId: string;
  readonly transferId: string;
  readonly amountMinor: number;
}

/** Opens a refund of a whole order, under its lock. */
export async function openRefund(query: Query, refundId: string, orderId: string): Promise<Refund> {
  const [order] = await query(
    `SELECT o.total_minor, o.status, t.amount_minor AS share FROM orders o JOIN transfers t ON t.order_id = o.id
     WHERE o.id = $1 FOR UPDATE OF o`,
    [orderId],
  );
  if (order?.['status'] !== 'completed') throw new Error(`order ${orderId} cannot be refunded`);
  const [amountMinor, sellerMinor] = [Number(order['total_minor']), Number(order['share'])];
  await query(`INSERT INTO refunds (id, order_id, amount_minor, status) VALUES ($1, $2, $3, 'pending')`, [
    ...[refundId, orderId, amountMinor],
  ]);
  await query(`INSERT INTO allocations (refund_id, seller_minor, fee_minor) VALUES ($1, $2, $3)`, [
    ...[refundId, sellerMinor, amountMinor - sellerMinor],
  ]);
  await query(`UPDATE orders SET status = 'refund_pending' WHERE id = $1`, [orderId]);
  return { refundId, orderId, amountMinor };
}

/** Books what the PSP said: refund, order, licence, ledger, balance, and the reversal that takes the share back. */
export async function settleRefund(
  query: Query,
  refundId: string,
  reversalId: string,
): Promise<Reversal | null> {
  const [row] = await query(
    `SELECT r.status, r.order_id, r.amount_minor, a.seller_minor, a.fee_minor, o.seller_id, t.stripe_transfer_id
     FROM refunds r JOIN allocations a ON a.refund_id = r.id JOIN orders o ON o.id = r.order_id
     JOIN transfers t ON t.order_id = o.id WHERE r.id = $1 FOR UPDATE OF o, r`,
    [refundId],
  );
  if (row?.['status'] !== 'pending') return null;
  const {
    order_id: orderId,
    amount_minor: amount,
    seller_minor: share,
    stripe_transfer_id: transferId,
  } = row;
  await query(`UPDATE refunds SET status = 'succeeded', succeeded_at = now() WHERE id = $1`, [refundId]);
  await query(`UPDATE orders SET status = 'refunded', refunded_minor = refunded_minor + $2 WHERE id = $1`, [
    ...[orderId, amount],
  ]);
  await query(`UPDATE licenses SET revoked_at = now() WHERE order_id = $1`, [orderId]);
  await query(
    `INSERT INTO ledger (refund_id, account, amount_minor) VALUES
       ($1, 'psp', -$2::bigint), ($1, 'seller:' || $3, $4::bigint), ($1, 'fees', $5::bigint)`,
    [refundId, amount, row['seller_id'], share, row['fee_minor']],
  );
  await query(`UPDATE balances SET available_minor = available_minor - $2 WHERE seller_id = $1`, [
    ...[row['seller_id'], share],
  ]);
  await query(
    `INSERT INTO reversals (id, refund_id, stripe_transfer_id, amount_minor, status) VALUES ($1, $2, $3, $4, 'pending')`,
    [reversalId, refundId, transferId, share],
  );
  return { reversalId, transferId: String(transferId), amountMinor: Number(share) };
}

/** Books that Stripe has taken the share back. */
export async function completeReversal(
  query: Query,
  reversalId: string,
  stripeReversalId: string,
): Promise<void> {
  await query(
    `WITH done AS (
       UPDATE reversals SET status = 'completed', stripe_reversal_id = $2, completed_at = now()
       WHERE id = $1 AND status = 'pending' RETURNING stripe_transfer_id, amount_minor, refund_id
     )
     UPDATE transfers t SET reversed_minor = t.reversed_minor + done.amount_minor
     FROM done JOIN refunds r ON r.id = done.refund_id WHERE t.order_id = r.order_id`,
    [reversalId, stripeReversalId],
  );
}

/** Keeps a webhook; false for one that is kept already. */
export async function keepWebhook(query: Query, eventId: string, body: string): Promise<boolean> {
  const kept = await query(
    `INSERT INTO webhooks (event_id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING event_id`,
    [eventId, body],
  );
  return kept.length === 1;
}
