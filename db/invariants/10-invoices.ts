import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

export const invoices: Invariant = {
  number: 10,
  title:
    'a paid invoice has one succeeded attempt of its amount; what came beside it is held or has gone back; paid periods do not overlap; numbers have no gap; refunds and credit notes add up',
  async check(tx) {
    return [
      ...(await paidOnce(tx)),
      ...(await heldOrGivenBack(tx)),
      ...(await overlapping(tx)),
      ...(await gaps(tx)),
      ...(await refunded(tx)),
      ...(await credited(tx)),
    ];
  },
};

function paidOnce(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'invoice/' || invoice.id AS subject,
           format('it is %s, and attempt %s does not say that %s %s came', invoice.status,
                  coalesce(invoice.hyperswitch_payment_id, 'NULL'), invoice.amount_minor, invoice.currency) AS detail
    FROM invoices AS invoice
    WHERE invoice.number IS NOT NULL AND NOT EXISTS (
      SELECT FROM invoice_payments AS attempt
      WHERE attempt.invoice_id = invoice.id AND attempt.id::text = invoice.hyperswitch_payment_id
        AND attempt.status = 'succeeded' AND attempt.received_minor = invoice.amount_minor
        AND attempt.received_currency = invoice.currency)`,
  );
}

/** Money that an invoice did not take: the attempt is `given_back` once nothing of it is held. */
function heldOrGivenBack(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH sent_back AS (
      SELECT payment_id, sum(amount_minor - excess_minor) AS minor
      FROM refunds WHERE status = 'succeeded' AND payment_id IS NOT NULL GROUP BY payment_id
    )
    SELECT 'invoice/' || attempt.invoice_id AS subject,
           format('its attempt %s is %s, with %s of %s given back', attempt.id, attempt.status,
                  coalesce(sent_back.minor, 0), attempt.received_minor) AS detail
    FROM invoice_payments AS attempt
    JOIN invoices AS invoice ON invoice.id = attempt.invoice_id
    LEFT JOIN sent_back ON sent_back.payment_id = attempt.id::text
    WHERE attempt.received_minor IS NOT NULL
      AND attempt.id::text IS DISTINCT FROM invoice.hyperswitch_payment_id
      AND attempt.status <> CASE WHEN attempt.received_minor = coalesce(sent_back.minor, 0)
        THEN 'given_back' ELSE 'succeeded' END`,
  );
}

/** Nobody pays twice for the same days; a change pays for the difference. */
function overlapping(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    SELECT 'invoice/' || id AS subject,
           format('its period begins at %s, and one paid before ends at %s', period_start, before) AS detail
    FROM (
      SELECT id, period_start,
             max(period_end) OVER (PARTITION BY subscription_id ORDER BY period_start, id
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM invoices WHERE number IS NOT NULL AND reason <> 'change'
    ) AS paid
    WHERE before > period_start`,
  );
}

function gaps(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH taken AS (
      SELECT regexp_replace(number, '-[0-9]+$', '') AS series, count(*) AS numbers,
             max(substring(number FROM '[0-9]+$')::bigint) AS highest
      FROM (SELECT number FROM invoices WHERE number IS NOT NULL UNION ALL SELECT number FROM credit_notes) AS all_of
      GROUP BY 1
    )
    SELECT 'series ' || series AS subject,
           format('it has %s numbers up to %s, and its counter is at %s', coalesce(numbers, 0), coalesce(highest, 0),
                  coalesce(last_number, 0)) AS detail
    FROM taken FULL JOIN invoice_counters USING (series)
    WHERE numbers IS DISTINCT FROM highest OR highest IS DISTINCT FROM last_number`,
  );
}

function refunded(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH settled AS (
      SELECT invoice_id, sum(amount_minor - excess_minor) AS minor
      FROM refunds WHERE status = 'succeeded' AND invoice_id IS NOT NULL AND payment_id IS NULL GROUP BY invoice_id
    )
    SELECT 'invoice/' || invoice.id AS subject,
           format('it is %s with %s of %s refunded, and its refunds come to %s', invoice.status, invoice.refunded_minor,
                  invoice.amount_minor, coalesce(settled.minor, 0)) AS detail
    FROM invoices AS invoice LEFT JOIN settled ON settled.invoice_id = invoice.id
    WHERE invoice.refunded_minor <> coalesce(settled.minor, 0)
       OR invoice.number IS NOT NULL AND invoice.status <> CASE invoice.refunded_minor
         WHEN 0 THEN 'paid' WHEN invoice.amount_minor THEN 'refunded' ELSE 'partially_refunded' END`,
  );
}

/** A refund that a bank sent back keeps its note: a document that was given out is not taken back. */
function credited(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH owed AS (
      SELECT id AS refund_id, amount_minor - excess_minor AS minor
      FROM refunds
      WHERE invoice_id IS NOT NULL AND payment_id IS NULL AND status IN ('succeeded', 'returned')
        AND amount_minor > excess_minor
    )
    SELECT coalesce('refund/' || owed.refund_id, 'credit note ' || note.number) AS subject,
           format('it gave back %s, and its credit note says %s', coalesce(owed.minor, 0),
                  coalesce(note.amount_minor, 0)) AS detail
    FROM owed FULL JOIN credit_notes AS note USING (refund_id)
    WHERE owed.minor IS DISTINCT FROM note.amount_minor`,
  );
}
