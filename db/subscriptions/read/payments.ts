import { eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { type InvoicePayment, invoicePayments } from '../invoices/schema.ts';
import { type PlanPrice, planPrices, type CardSetup, cardSetups } from '../schema.ts';
import { type SubscriptionChange, subscriptionChanges } from '../changes/schema.ts';

/** Null where it is not written yet: the payment before it is ended first. */
export async function readAttempt(db: Db, attemptId: string): Promise<InvoicePayment | null> {
  const [attempt] = await db.select().from(invoicePayments).where(eq(invoicePayments.id, attemptId));
  return attempt ?? null;
}

export async function readCardSetup(db: Db, setupId: string): Promise<CardSetup | null> {
  const [setup] = await db.select().from(cardSetups).where(eq(cardSetups.id, setupId));
  return setup ?? null;
}

export interface ChangeRow extends SubscriptionChange {
  /** The price wished for. */
  readonly price: PlanPrice;
}

export async function readChangeRow(db: Db, changeId: string): Promise<ChangeRow | null> {
  const [row] = await db
    .select({ change: subscriptionChanges, price: planPrices })
    .from(subscriptionChanges)
    .innerJoin(planPrices, eq(planPrices.id, subscriptionChanges.toPriceId))
    .where(eq(subscriptionChanges.id, changeId));
  return row === undefined ? null : { ...row.change, price: row.price };
}
