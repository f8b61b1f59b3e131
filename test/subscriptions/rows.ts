import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { invoiceLines, invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { planPrices, subscriptions } from '../../db/subscriptions/schema.ts';
import type { BillingCycle } from '../../domain/subscriptions/billing-cycle.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

// Rows written past the verbs: for reading, and as the gate must never be fooled by.

export const DAY_MS = 86_400_000;

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

export async function priceOf(
  { db }: DatabaseWithSql,
  planId: string,
  billingCycle: BillingCycle = 'monthly',
): Promise<typeof planPrices.$inferSelect> {
  const [price] = await db
    .select()
    .from(planPrices)
    .where(sql`${planPrices.planId} = ${planId} AND ${planPrices.billingCycle} = ${billingCycle}`);
  if (price === undefined) throw new Error(`${planId} has no price`);
  return price;
}

/** A subscription of ten days ago, with no invoice. */
export async function addSubscription(
  database: DatabaseWithSql,
  userId: string,
  planId: string,
  set: Partial<typeof subscriptions.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const { id: priceId } = await priceOf(database, planId);
  const period = { currentPeriodStart: inDays(-10), currentPeriodEnd: inDays(20) };
  await database.db
    .insert(subscriptions)
    .values({ id, userId, priceId, status: 'active', createdAt: inDays(-10), ...period, ...set });
  return id;
}

/** An invoice of that subscription's present price, paid by default. */
export async function addInvoice(
  { db }: DatabaseWithSql,
  subscriptionId: string,
  set: Partial<typeof invoices.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const [row] = await db
    .select({ subscription: subscriptions, price: planPrices })
    .from(subscriptions)
    .innerJoin(planPrices, eq(planPrices.id, subscriptions.priceId))
    .where(eq(subscriptions.id, subscriptionId));
  if (row === undefined) throw new Error(`there is no subscription ${subscriptionId}`);
  const { subscription, price } = row;
  const isPaid = set.status !== 'open' && set.status !== 'void';
  await db.insert(invoices).values({
    id,
    subscriptionId,
    priceId: price.id,
    reason: 'first',
    status: 'paid',
    number: isPaid ? `T-${id}` : null,
    periodStart: isPaid ? inDays(-10) : null,
    periodEnd: isPaid ? inDays(20) : null,
    amountMinor: price.amountMinor,
    currency: price.currency,
    hyperswitchPaymentId: isPaid ? id : null,
    issuedTo: { userId: subscription.userId, email: 'issued-to@people.example' },
    issuer: isPaid ? 'Veza; 1 Former Street' : null,
    paidAt: isPaid ? new Date('2026-03-01T12:00:00Z') : null,
    createdAt: inDays(-10),
    ...set,
  });
  await db.insert(invoiceLines).values({
    id: uuidv7(),
    invoiceId: id,
    position: 0,
    kind: 'plan',
    description: 'Creator, a month',
    amountMinor: set.amountMinor ?? price.amountMinor,
  });
  return id;
}

/** An attempt to pay an invoice, pending by default. */
export async function addAttempt(
  { db }: DatabaseWithSql,
  invoiceId: string,
  set: Partial<typeof invoicePayments.$inferInsert> = {},
): Promise<void> {
  await db.insert(invoicePayments).values({
    ...{ id: uuidv7(), invoiceId, attempt: 1, onSession: true, amountMinor: 999, currency: 'USD' },
    ...set,
  });
}
