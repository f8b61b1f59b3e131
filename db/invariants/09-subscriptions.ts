import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

export const subscriptions: Invariant = {
  number: 9,
  title:
    'one live subscription a person; what says it is in force has a paid invoice to the end of its period, or a flag says otherwise; nothing is a day overdue without a flag',
  async check(tx) {
    return [...(await several(tx)), ...(await unpaid(tx)), ...(await overdue(tx))];
  },
};

/** A unique index ensures the same; the check of the books does not rely on it. */
function several(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'user ' || user_id AS subject, format('%s live subscriptions are theirs', count(*)) AS detail
    FROM subscriptions WHERE status NOT IN ('expired', 'canceled') GROUP BY user_id HAVING count(*) > 1`,
  );
}

/** Whatever the clock says: the payment that moved a period stands beside it. */
function unpaid(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'subscription/' || one.id AS subject,
           CASE one.status WHEN 'trialing' THEN 'it is trialing and its trial has no end'
             ELSE format('it is %s, and no paid invoice of its plan ends with its period', one.status) END AS detail
    FROM subscriptions AS one
    JOIN plan_prices AS price ON price.id = one.price_id
    JOIN plans AS plan ON plan.id = price.plan_id AND plan.rank > 0
    WHERE CASE one.status
        WHEN 'trialing' THEN one.trial_end IS NULL
        WHEN 'active' THEN true
        WHEN 'canceling' THEN true
        ELSE false END
      AND (one.status = 'trialing' OR NOT EXISTS (
        SELECT FROM invoices AS paid JOIN plan_prices AS paid_price ON paid_price.id = paid.price_id
        WHERE paid.subscription_id = one.id AND paid.status IN ('paid', 'partially_refunded')
          AND paid.hyperswitch_payment_id <> '' AND paid_price.plan_id = price.plan_id
          AND paid.period_end = one.current_period_end))
      AND NOT EXISTS (
        SELECT FROM invoice_payments AS attempt JOIN invoices AS invoice ON invoice.id = attempt.invoice_id
        WHERE invoice.subscription_id = one.id AND attempt.status = 'pending')
      AND NOT EXISTS (
        SELECT FROM ops_flags AS flag
        WHERE flag.subject = 'subscription/' || one.id AND flag.kind = 'phantom' AND flag.cleared_at IS NULL)`,
  );
}

/** Billing time is never behind the clock: what is overdue by the clock is overdue. */
function overdue(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'subscription/' || one.id AS subject,
           format('it is %s and was due at %s', one.status, one.next_due_at) AS detail
    FROM subscriptions AS one
    WHERE one.next_due_at < now() - interval '1 day'
      AND NOT EXISTS (
        SELECT FROM ops_flags AS flag WHERE flag.subject = 'subscription/' || one.id AND flag.cleared_at IS NULL)`,
  );
}
