import { type SQL, sql } from 'drizzle-orm';
import type { OpenMoney } from '../kernel/index.ts';

const invoicesOf = (person: SQL) => sql`
  SELECT invoices.id FROM subscriptions JOIN invoices ON invoices.subscription_id = subscriptions.id
  WHERE subscriptions.user_id = ${person}`;

export const SUBSCRIPTIONS_OPEN_MONEY = [
  {
    wait: 'invoice_open',
    // A void one may have a charge under way that is given back if it succeeds.
    rows: (person) => sql`
    SELECT FROM invoices WHERE id IN (${invoicesOf(person)}) AND (status = 'open' OR EXISTS (
      SELECT FROM invoice_payments AS attempt WHERE attempt.invoice_id = invoices.id
        AND (attempt.status = 'pending' OR attempt.watched_until > now())))`,
  },
  {
    wait: 'refund_open',
    rows: (person) =>
      sql`SELECT FROM refunds WHERE status = 'pending' AND invoice_id IN (${invoicesOf(person)})`,
  },
  {
    wait: 'dispute_open',
    rows: (person) => sql`
    SELECT FROM disputes WHERE (status = 'open' OR unbooked_since IS NOT NULL) AND invoice_id IN (${invoicesOf(person)})`,
  },
] as const satisfies readonly OpenMoney[];
