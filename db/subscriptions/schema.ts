import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { BILLING_CYCLES } from '../../domain/subscriptions/billing-cycle.ts';
import type { Features } from '../../domain/subscriptions/features.ts';
import {
  CANCEL_CAUSES,
  END_REASONS,
  SUBSCRIPTION_STATUSES,
} from '../../domain/subscriptions/subscription-machine.ts';
import { users } from '../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../kernel/columns.ts';

// Times of periods, trials, dunning and payments are billing time (db/subscriptions/billing-clock.ts); when a provider
// was asked or looked at is real time.

export type PlanFeatures = Features;

export const plans = pgTable(
  'plans',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** A higher rank is an upgrade; 0 is Free. */
    rank: integer().notNull().unique(),
    /** 0 where it has no trial. */
    trialDays: integer().notNull().default(0),
    features: jsonb().$type<PlanFeatures>().notNull(),
    /** Whether it may be subscribed to; one that is not renews all the same. */
    offered: boolean().notNull().default(true),
  },
  (t) => [check('plans_numbers_sane', sql`${t.rank} >= 0 AND ${t.trialDays} >= 0`)],
);

/** Prices are versions: a subscription keeps its own. */
export const planPrices = pgTable(
  'plan_prices',
  {
    id: id(),
    planId: text()
      .notNull()
      .references(() => plans.id),
    billingCycle: text({ enum: BILLING_CYCLES }).notNull(),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    validFrom: at().notNull(),
    validUntil: at(),
  },
  (t) => [
    uniqueIndex('plan_prices_one_open')
      .on(t.planId, t.billingCycle)
      .where(sql`${t.validUntil} IS NULL`),
    oneOf('plan_prices_cycle_known', t.billingCycle, BILLING_CYCLES),
    amountCheck('plan_prices_amount_sane', t.amountMinor),
    currencyCheck('plan_prices_currency_iso', t.currency),
    check('plan_prices_validity_sane', sql`${t.validUntil} > ${t.validFrom}`),
  ],
);

/** Cards on file at the PSP. The PSP has the same id for the same card of the same person. */
export const paymentMethods = pgTable(
  'payment_methods',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    providerPaymentMethodId: text().notNull().unique(),
    /** HMAC of the PSP's fingerprint of the card; NULL where it does not say. */
    fingerprintHash: text(),
    brand: text().notNull(),
    last4: text().notNull(),
    expMonth: integer().notNull(),
    expYear: integer().notNull(),
    /** When another card took its place. */
    replacedAt: at(),
    /** When its bank said that it must not be charged again without its holder, who gives it anew or gives another. Real time. */
    refusedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [index('payment_methods_by_user').on(t.userId, t.createdAt)],
);

export const subscriptions = pgTable(
  'subscriptions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    priceId: uuid()
      .notNull()
      .references(() => planPrices.id),
    status: text({ enum: SUBSCRIPTION_STATUSES }).notNull(),
    /** Period n is [anchor + n, anchor + n + 1) months or years. */
    anchorAt: at(),
    periodIndex: integer().notNull().default(0),
    currentPeriodStart: at(),
    currentPeriodEnd: at(),
    trialEnd: at(),
    cancelRequestedAt: at(),
    cancelCause: text({ enum: CANCEL_CAUSES }),
    paymentMethodId: uuid().references(() => paymentMethods.id),
    /** When the payment was begun by which its buyer gave that card: one begun before puts none in its place. Real time. */
    cardBegunAt: at(),
    /** When something is to be done next: a sweep starts or wakes its workflow when that is ten minutes over. */
    nextDueAt: at(),
    dunningSince: at(),
    /** Steps of the dunning schedule that are done. */
    dunningIndex: integer().notNull().default(0),
    /** The price that an operator moves it to, at a renewal that is not before `movesPriceAfter`. */
    movesToPriceId: uuid().references(() => planPrices.id),
    movesPriceAfter: at(),
    endedAt: at(),
    endReason: text({ enum: END_REASONS }),
    /** When the sweep last checked that its workflow runs. Real time. */
    workCheckedAt: at(),
    createdAt: at().notNull(),
  },
  (t) => [
    uniqueIndex('subscriptions_one_live_per_user')
      .on(t.userId)
      .where(sql`${t.status} NOT IN ('expired', 'canceled')`),
    index('subscriptions_by_user').on(t.userId, t.createdAt, t.id),
    index('subscriptions_by_status').on(t.status, t.createdAt, t.id),
    index('subscriptions_due')
      .on(t.nextDueAt)
      .where(sql`${t.nextDueAt} IS NOT NULL`),
    // Of a plan that is paid for, a sweep looks at the payment of each.
    index('subscriptions_in_force')
      .on(t.priceId)
      .where(sql`${t.status} IN ('active', 'trialing', 'canceling')`),
    oneOf('subscriptions_status_known', t.status, SUBSCRIPTION_STATUSES),
    oneOf('subscriptions_cancel_cause_known', t.cancelCause, CANCEL_CAUSES),
    oneOf('subscriptions_end_reason_known', t.endReason, END_REASONS),
    check('subscriptions_counts_sane', sql`${t.periodIndex} >= 0 AND ${t.dunningIndex} >= 0`),
    check(
      'subscriptions_period_whole',
      sql`num_nonnulls(${t.currentPeriodStart}, ${t.currentPeriodEnd}) <> 1 AND ${t.currentPeriodEnd} > ${t.currentPeriodStart}`,
    ),
    check(
      'subscriptions_ended_says_why',
      sql`(${t.status} IN ('expired', 'canceled')) = (${t.endedAt} IS NOT NULL AND ${t.endReason} IS NOT NULL)`,
    ),
  ],
);

/** Set-up payments: a card is put on file and no money moves. */
export const cardSetups = pgTable(
  'card_setups',
  {
    /** At the PSP too. */
    id: id(),
    subscriptionId: uuid()
      .notNull()
      .references(() => subscriptions.id),
    clientSecret: text(),
    providerStatus: text(),
    askedAt: at(),
    /** When the PSP said how it ended, or nobody could confirm it any more. */
    endedAt: at(),
    /** When a sweep last asked the PSP about it. */
    reconcileCheckedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    index('card_setups_by_subscription').on(t.subscriptionId, t.createdAt),
    index('card_setups_open_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.endedAt} IS NULL`),
  ],
);

/** Who had a trial. Outlives the account, so it refers to no user. */
export const trialUses = pgTable(
  'trial_uses',
  {
    userId: uuid().primaryKey(),
    /** HMAC of the address, lower case and without `+tag`. */
    emailHash: text().notNull().unique(),
    fingerprintHash: text(),
    usedAt: at().notNull(),
  },
  (t) => [index('trial_uses_by_fingerprint').on(t.fingerprintHash)],
);

/** Further cards that somebody gave in their trial: the first is with its use. They outlive the account too. */
export const trialCards = pgTable(
  'trial_cards',
  {
    fingerprintHash: text().notNull(),
    userId: uuid().notNull(),
  },
  (t) => [primaryKey({ columns: [t.fingerprintHash, t.userId] })],
);

/** Subscriptions that said they were paid and were not, as they stood. Append-only, for support. */
export const phantomSubscriptions = pgTable(
  'phantom_subscriptions',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    sweepId: text().notNull(),
    sweptOn: date({ mode: 'string' }).notNull(),
    /** The whole former row. */
    row: jsonb().$type<object>().notNull(),
    why: text().notNull(),
  },
  (t) => [index('phantom_subscriptions_by_day').on(t.sweptOn, t.id)],
);

export type Subscription = typeof subscriptions.$inferSelect;
export type Plan = typeof plans.$inferSelect;
export type PlanPrice = typeof planPrices.$inferSelect;
export type CardSetup = typeof cardSetups.$inferSelect;
export type PaymentMethod = typeof paymentMethods.$inferSelect;
