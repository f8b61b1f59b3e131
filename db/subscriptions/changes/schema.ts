import { sql } from 'drizzle-orm';
import { index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { CHANGE_STATUSES } from '../../../domain/subscriptions/change-machine.ts';
import { at, id, oneOf } from '../../kernel/columns.ts';
import { invoices } from '../invoices/schema.ts';
import { planPrices, subscriptions } from '../schema.ts';

export const subscriptionChanges = pgTable(
  'subscription_changes',
  {
    id: id(),
    subscriptionId: uuid()
      .notNull()
      .references(() => subscriptions.id),
    toPriceId: uuid()
      .notNull()
      .references(() => planPrices.id),
    /** The moment for which its amount was reckoned. */
    quotedAt: at().notNull(),
    invoiceId: uuid().references(() => invoices.id),
    status: text({ enum: CHANGE_STATUSES }).notNull(),
    createdAt: at().notNull(),
  },
  (t) => [
    uniqueIndex('subscription_changes_one_pending')
      .on(t.subscriptionId)
      .where(sql`${t.status} = 'pending'`),
    uniqueIndex('subscription_changes_one_scheduled')
      .on(t.subscriptionId)
      .where(sql`${t.status} = 'scheduled'`),
    uniqueIndex('subscription_changes_invoice_key').on(t.invoiceId),
    index('subscription_changes_by_subscription').on(t.subscriptionId, t.createdAt, t.id),
    oneOf('subscription_changes_status_known', t.status, CHANGE_STATUSES),
  ],
);

export type SubscriptionChange = typeof subscriptionChanges.$inferSelect;
