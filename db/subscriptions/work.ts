import { sql } from 'drizzle-orm';
import { rowOf, type WorkPart } from '../kernel/index.ts';

/** How long something may be due before a sweep, and whoever looks at the list, calls it overdue. */
export const OVERDUE_AFTER = sql`interval '10 minutes'`;

/**
 * What a pending attempt, read as `attempt`, waits for. Until the PSP has answered nobody knows whether it has it; and only a
 * payment that `requires_…` something waits for its buyer. `operations/subscriptions/waits.ts` says the same of a row.
 */
export const ATTEMPT_WAITS_FOR = sql`CASE WHEN attempt.end_requested_at IS NOT NULL THEN 'end' WHEN attempt.provider_status IS NULL THEN 'psp'
      WHEN attempt.on_session AND starts_with(attempt.provider_status, 'requires_') THEN 'buyer' ELSE 'psp_word' END`;

// Where operators work, billing time is real time: production refuses any other.
export const SUBSCRIPTIONS_WORK = {
  // An attempt whose outcome nobody knows yet, since it was asked for.
  invoice: {
    isMoney: true,
    rows: sql`
    SELECT 'invoice', 'invoice/' || attempt.invoice_id, attempt.id, NULL::uuid, NULL::uuid, invoice.status, coalesce(attempt.asked_at, attempt.created_at),
      attempt.reconcile_checked_at, attempt.amount_minor, attempt.currency, attempt.error_message,
      ${ATTEMPT_WAITS_FOR},
      NULL::timestamptz, attempt.attempt - 1
    FROM invoice_payments AS attempt, ${rowOf(sql`invoices`, sql`attempt.invoice_id`)} AS invoice
    WHERE attempt.status = 'pending'`,
  },
  subscription: {
    rows: sql`
    SELECT 'subscription', 'subscription/' || one.id, one.id, NULL, NULL, one.status, one.next_due_at, one.work_checked_at,
      price.amount_minor, price.currency, NULL, NULL, one.next_due_at, NULL
    FROM subscriptions AS one, ${rowOf(sql`plan_prices`, sql`one.price_id`)} AS price
    WHERE one.next_due_at < now() - ${OVERDUE_AFTER}`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
