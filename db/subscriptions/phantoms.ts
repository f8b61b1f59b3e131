import { and, asc, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db } from '../client.ts';
import { readBillingClock } from './billing-clock.ts';
import { endPhantom } from './end-phantom.ts';
import { isPhantomRow } from './gate-rows.ts';
import { invoicePayments, invoices } from './invoices/schema.ts';
import { lockSubscription } from './lock.ts';
import { tellExpired } from './tell-expired.ts';
import { findUnnamedMoney } from './unnamed-money.ts';
import { planPrices, plans, type Subscription, subscriptions } from './schema.ts';

const IN_FORCE = ['active', 'trialing', 'canceling'] as const;

/** Keeps PostgreSQL from joining: of all invoices there are, it looks at those of each row, by an index. */
const ROW_BY_ROW = sql`OFFSET 0`;

/** Rows of `subscriptions` that say they are in force and have nothing that carries it at `now`: the gate's rule, in SQL. */
export const seemsPhantom = (now: SQL | Date, graceMs: number): SQL => sql`(
  ${subscriptions.status} IN ('active', 'trialing', 'canceling')
  AND (${subscriptions.status} = 'trialing' AND ${subscriptions.trialEnd} > ${now}) IS NOT TRUE
  AND EXISTS (SELECT FROM ${planPrices} JOIN ${plans} ON ${plans.id} = ${planPrices.planId}
    WHERE ${planPrices.id} = ${subscriptions.priceId} AND ${plans.rank} > 0)
  AND NOT EXISTS (SELECT FROM ${invoices}
    WHERE ${invoices.subscriptionId} = ${subscriptions.id}
      AND ${invoices.status} IN ('paid', 'partially_refunded')
      AND btrim(coalesce(${invoices.hyperswitchPaymentId}, '')) <> ''
      AND ${invoices.periodStart} <= ${now}
      AND ${invoices.periodEnd}
        + CASE ${subscriptions.status} WHEN 'active' THEN ${graceMs} ELSE 0 END * interval '1 millisecond' > ${now}
      AND (SELECT price.plan_id FROM ${planPrices} AS price WHERE price.id = ${invoices.priceId})
        = (SELECT price.plan_id FROM ${planPrices} AS price WHERE price.id = ${subscriptions.priceId})
      AND ${subscriptions.status} <> 'trialing' ${ROW_BY_ROW})
  AND NOT EXISTS (SELECT FROM ${invoicePayments} JOIN ${invoices} ON ${invoices.id} = ${invoicePayments.invoiceId}
    WHERE ${invoices.subscriptionId} = ${subscriptions.id} AND ${invoicePayments.status} = 'pending' ${ROW_BY_ROW})
)`;

/** Subscriptions that are in force without a payment for longer than `phantomAfterMs`, behind an id. */
export async function listPhantoms(
  db: Db,
  { after, limit }: { readonly after: string | null; readonly limit: number },
  { time, phantomAfterMs, renewalGraceMs }: BillingTerms,
): Promise<string[]> {
  const now = await readBillingClock(db, time);
  const rows = await db
    .select({ id: subscriptions.id })
    .from(subscriptions)
    .where(
      and(
        inArray(subscriptions.status, [...IN_FORCE]),
        lt(subscriptions.createdAt, new Date(now.getTime() - phantomAfterMs)),
        after === null ? undefined : gt(subscriptions.id, after),
        seemsPhantom(sql`${now.toISOString()}::timestamptz`, renewalGraceMs),
      ),
    )
    .orderBy(asc(subscriptions.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/**
 * Its payments that have brought nothing, as the PSP knows them: one of them may have been paid after all. An invoice without
 * an attempt is asked about too, since its first attempt has its id.
 */
export async function listUnpaidAttempts(db: Db, subscriptionId: string): Promise<string[]> {
  const id = sql<string>`coalesce(${invoicePayments.id}, ${invoices.id})`;
  const rows = await db
    .select({ id })
    .from(invoices)
    .leftJoin(invoicePayments, eq(invoicePayments.invoiceId, invoices.id))
    .where(
      and(
        eq(invoices.subscriptionId, subscriptionId),
        or(isNull(invoicePayments.id), eq(invoicePayments.status, 'failed')),
      ),
    );
  return rows.map((row) => row.id);
}

/** Whether it is a phantom now, and not only late. Changes nothing. Throws MissingRow. */
export async function isPhantomNow(db: Db, subscriptionId: string, terms: BillingTerms): Promise<boolean> {
  return db.transaction(async (tx) => {
    const subscription = await lockSubscription(tx, subscriptionId);
    return isPhantomRow(tx, subscription, await readBillingClock(tx, terms.time), terms);
  });
}

/**
 * Ends a phantom and keeps its former row; null where it is none any more, since its payment has come, or may come, and where we
 * have its money.
 */
export async function endIfPhantom(
  db: Db,
  subscriptionId: string,
  { sweepId, why }: { readonly sweepId: string; readonly why: string },
  terms: BillingTerms,
): Promise<Subscription | null> {
  return db.transaction(async (tx) => {
    const subscription = await lockSubscription(tx, subscriptionId);
    const now = await readBillingClock(tx, terms.time);
    if (!(await isPhantomRow(tx, subscription, now, terms))) return null;
    if ((await findUnnamedMoney(tx, subscriptionId)) !== null) return null;
    const ended = await endPhantom(tx, subscription, { sweepId, why, now });
    await tellExpired(tx, subscription, 'phantom');
    return ended;
  });
}
