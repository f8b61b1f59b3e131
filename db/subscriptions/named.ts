import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

/** An invoice and its first attempt have the same id: it names the invoice. */
export const SUBSCRIPTIONS_NAMED: readonly NamedRows[] = [
  { kind: 'subscription', table: sql`subscriptions` },
  { kind: 'invoice', table: sql`invoices`, providerId: sql`number` },
  { kind: 'attempt', table: sql`invoice_payments` },
  { kind: 'setup', table: sql`card_setups` },
];
