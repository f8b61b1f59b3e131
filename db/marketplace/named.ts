import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

/** An order and its payment have the same id: it names the order. */
export const MARKETPLACE_NAMED: readonly NamedRows[] = [
  { kind: 'order', table: sql`orders`, providerId: sql`payment_id` },
  { kind: 'refund', table: sql`refunds`, providerId: sql`hyperswitch_refund_id` },
  { kind: 'transfer', table: sql`seller_transfers`, providerId: sql`stripe_transfer_id` },
  { kind: 'reversal', table: sql`transfer_reversals`, providerId: sql`stripe_reversal_id` },
];
