import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

export const deferredRevenue: Invariant = {
  number: 11,
  title:
    'platform:deferred is what schedules hold; suspense:invoice is what invoices could not take and has not gone back',
  async check(tx) {
    return [...(await deferred(tx)), ...(await suspended(tx))];
  },
};

function deferred(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH booked AS (
      SELECT currency, -sum(amount_minor) AS minor FROM ledger_entries WHERE account = 'platform:deferred' GROUP BY currency
    ), held AS (
      SELECT currency, sum(amount_minor - recognised_minor) AS minor FROM revenue_schedules GROUP BY currency
    )
    SELECT 'platform:deferred' AS subject,
           format('it is %s %s, and schedules hold %s', coalesce(booked.minor, 0), currency, coalesce(held.minor, 0)) AS detail
    FROM booked FULL JOIN held USING (currency)
    WHERE coalesce(booked.minor, 0) <> coalesce(held.minor, 0)`,
  );
}

function suspended(tx: Tx): Promise<Violation[]> {
  return violations(
    tx,
    sql`
    WITH booked AS (
      SELECT root_id AS invoice_id, currency, -sum(amount_minor) AS minor
      FROM ledger_entries WHERE account = 'suspense:invoice' GROUP BY root_id, currency
    ), came AS (
      SELECT attempt.invoice_id, attempt.received_currency AS currency, attempt.received_minor AS minor
      FROM invoice_payments AS attempt JOIN invoices AS invoice ON invoice.id = attempt.invoice_id
      WHERE attempt.received_minor IS NOT NULL AND attempt.id::text IS DISTINCT FROM invoice.hyperswitch_payment_id
      UNION ALL
      SELECT invoice_id, currency, excess_minor - amount_minor FROM refunds
      WHERE payment_id IS NOT NULL AND status = 'succeeded'
    ), held AS (
      SELECT invoice_id, currency, sum(minor) AS minor FROM came GROUP BY invoice_id, currency
    )
    SELECT coalesce('invoice/' || invoice_id, 'suspense:invoice') AS subject,
           format('holds %s %s that it could not take, the ledger says %s', coalesce(held.minor, 0), currency,
                  coalesce(booked.minor, 0)) AS detail
    FROM booked FULL JOIN held USING (invoice_id, currency)
    WHERE coalesce(held.minor, 0) <> coalesce(booked.minor, 0)`,
  );
}
