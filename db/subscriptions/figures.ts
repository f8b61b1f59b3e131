import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart } from '../kernel/index.ts';
import { ATTEMPT_WAITS_FOR, OVERDUE_AFTER } from './work.ts';

const IS_OVERDUE = sql`next_due_at < now() - ${OVERDUE_AFTER}`;

/** As in the list of what is stuck: since the PSP was asked, or it was written where that was never reached. */
const PENDING_SINCE = sql`coalesce(asked_at, created_at)`;

export const SUBSCRIPTIONS_FIGURES = {
  open: {
    invoice: sql`
    SELECT 'invoice', status, currency, ${countedRows}, sum(amount_minor)::float8, ${ageS(PENDING_SINCE)}
    FROM invoice_payments WHERE status = 'pending' GROUP BY status, currency`,
  },
  openSince: {
    // Who leaves a checkout has until SUBSCRIPTION_PAYMENT_TIMEOUT to come back: nothing is stuck.
    invoice: sql`SELECT 'invoice', ${PENDING_SINCE} FROM invoice_payments AS attempt
    WHERE status = 'pending' AND ${ATTEMPT_WAITS_FOR} <> 'buyer'`,
    subscription: sql`SELECT 'subscription', next_due_at FROM subscriptions WHERE ${IS_OVERDUE}`,
  },
  outcomes: {
    charge: (since) => sql`
    SELECT 'charge', CASE status WHEN 'pending' THEN NULL WHEN 'failed' THEN false ELSE true END
    FROM invoice_payments WHERE created_at > ${since}`,
  },
} as const satisfies FigurePart;

/** Live subscriptions, Free's among them. */
export interface LiveFigure {
  readonly status: string;
  readonly plan: string;
  readonly rows: number;
}

export const LIVE_SUBSCRIPTIONS = sql`
  SELECT live.status, price.plan_id AS plan, sum(live.rows)::int AS rows
  FROM (SELECT status, price_id, ${countedRows} FROM subscriptions WHERE status NOT IN ('expired', 'canceled')
      GROUP BY status, price_id) AS live
    JOIN plan_prices AS price ON price.id = live.price_id
  GROUP BY 1, 2`;

/** Attempts of the last hour, by how they stand; the class is that of the PSP's decline, or empty. */
export interface ChargeFigure {
  readonly outcome: string;
  readonly declineClass: string;
  readonly rows: number;
}

export const CHARGES_OF_AN_HOUR = sql`
  SELECT status AS outcome, coalesce(decline_class, '') AS "declineClass", ${countedRows}
  FROM invoice_payments WHERE created_at > now() - interval '1 hour' GROUP BY 1, 2`;

/** What was paid for and not yet given, in minor units. */
export interface DeferredFigure {
  readonly currency: string;
  readonly amountMinor: number;
}

export const DEFERRED = sql`
  SELECT currency, sum(amount_minor - recognised_minor)::float8 AS "amountMinor"
  FROM revenue_schedules WHERE recognised_minor < amount_minor GROUP BY currency`;

export interface MailFigure {
  readonly kind: string;
  readonly rows: number;
}

export const MAILS_OF_AN_HOUR = sql`
  SELECT kind, ${countedRows} FROM mails WHERE created_at > now() - interval '1 hour' GROUP BY kind`;
