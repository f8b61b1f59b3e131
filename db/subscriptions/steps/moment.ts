import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { billingMs, realDelayMs, realMs } from '../../../domain/subscriptions/billing-time.ts';
import type { Work } from '../../../domain/subscriptions/step.ts';
import { ENDED_SUBSCRIPTIONS } from '../../../domain/subscriptions/subscription-machine.ts';
import type { BillingTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import { readBillingClock } from '../billing-clock.ts';
import { chargeableCard } from '../chargeable-card.ts';
import { type Invoice, type InvoicePayment, invoicePayments, invoices } from '../invoices/schema.ts';
import { lockOpenInvoice } from '../invoices/void.ts';
import { lockSubscription } from '../lock.ts';
import { type PricedPlan, readPrice } from '../prices.ts';
import { type CardSetup, cardSetups, type Subscription } from '../schema.ts';

/** A locked subscription with all that its next step is decided by. `now` is billing time, `realNow` real time. */
export interface Moment {
  readonly tx: Tx;
  readonly terms: BillingTerms;
  readonly now: Date;
  readonly realNow: Date;
  readonly subscription: Subscription;
  readonly priced: PricedPlan;
  /** The card on file, where it may be charged without its holder. */
  readonly card: string | null;
  /** The open invoice; a subscription has one at most. */
  readonly open: Invoice | undefined;
  /** Attempts under way, of any of its invoices. */
  readonly pending: readonly { readonly attempt: InvoicePayment; readonly invoice: Invoice }[];
  /** A set-up payment for which the PSP was not asked yet. */
  readonly setup: CardSetup | undefined;
  /** Somebody wants the PSP to be looked at now. */
  readonly isForced: boolean;
}

export async function readMoment(
  tx: Tx,
  subscriptionId: string,
  terms: BillingTerms,
  isForced: boolean,
): Promise<Moment> {
  const subscription = await lockSubscription(tx, subscriptionId);
  const open = await lockOpenInvoice(tx, subscriptionId);
  const now = await readBillingClock(tx, terms.time);
  const pending = await tx
    .select({ attempt: invoicePayments, invoice: invoices })
    .from(invoicePayments)
    .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .where(and(eq(invoices.subscriptionId, subscriptionId), eq(invoicePayments.status, 'pending')))
    .orderBy(asc(invoicePayments.createdAt))
    .for('no key update', { of: invoicePayments });
  const [setup] = await tx
    .select()
    .from(cardSetups)
    .where(
      and(
        eq(cardSetups.subscriptionId, subscriptionId),
        isNull(cardSetups.providerStatus),
        isNull(cardSetups.endedAt),
      ),
    )
    .orderBy(sql`${cardSetups.askedAt} NULLS FIRST`, asc(cardSetups.createdAt))
    .limit(1);
  return {
    tx,
    terms,
    now,
    realNow: new Date(realMs(terms.time, now.getTime())),
    subscription,
    priced: await readPrice(tx, subscription.priceId),
    card: await chargeableCard(tx, subscription, terms.time),
    open,
    pending,
    setup,
    isForced,
  };
}

export const isEnded = ({ status }: Pick<Subscription, 'status'>): boolean =>
  ENDED_SUBSCRIPTIONS.some((ended) => ended === status);

/** When something is to be done next: `at` is billing time, and what it is stands in Temporal's UI. */
export interface Due {
  readonly at: Date;
  readonly summary: string;
}

/** Rows changed: what is next has to be decided anew. */
export const CHANGED = 'changed';
export type Decided = typeof CHANGED | { readonly work: Work };

export const after = (from: Date, ms: number): Date => new Date(from.getTime() + ms);

/** How long a timer waits for a moment of billing time, in real milliseconds. */
export const delayOf = ({ terms, now }: Moment, at: Date): number =>
  realDelayMs(terms.time, now.getTime(), at.getTime());

/** A moment of real time as billing time. */
export const inBillingTime = ({ terms }: Pick<Moment, 'terms'>, at: Date): Date =>
  new Date(billingMs(terms.time, at.getTime()));
