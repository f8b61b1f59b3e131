import type { WishedChange } from '../../domain/subscriptions/asked.ts';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../client.ts';
import { openAttempt } from './attempts/open.ts';
import { cancelSubscription } from './cancel.ts';
import { readChange, type ReadChange } from './changes/read.ts';
import { type SubscriptionChange, subscriptionChanges } from './changes/schema.ts';
import { transitionChange } from './changes/transition.ts';
import { type Deed, type DeedTerms, refuse } from './deed.ts';
import { isPhantomRow } from './gate-rows.ts';
import { openInvoice, planLine } from './invoices/open.ts';
import type { Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

type AtOnce = Extract<ReadChange, { readonly when: 'at_once' }>;

/**
 * Changes the price of a locked subscription: at once, by an invoice that the card on file is charged for, or at the period's
 * end. The last wish counts; the present price takes a scheduled one back, and Free cancels.
 */
export async function changeSubscription(
  tx: Tx,
  subscription: Subscription,
  wish: WishedChange,
  deed: DeedTerms,
): Promise<Deed> {
  const { now } = deed;
  if (await isPhantomRow(tx, subscription, now, deed.terms))
    return refuse(
      'subscription_no_payment',
      'Your subscription is not linked to a payment: subscribe again.',
    );
  const change = await readChange(tx, subscription, wish, deed);
  if ('refused' in change) return change;
  if (change.when === 'cancel') return cancelSubscription(tx, subscription, deed);
  if (change.when === 'at_once') return chargeChange(tx, subscription, change, now);
  const { scheduled, wished } = change;
  // Said twice, it is one wish.
  if (change.when === 'at_period_end' && scheduled?.toPriceId === wished.price.id)
    return { done: { changeId: scheduled.id } };
  if (scheduled !== undefined) await transitionChange(tx, scheduled, 'replaced');
  await transitionSubscription(tx, subscription, subscription.status, { nextDueAt: now });
  if (change.when === 'take_back') return { done: {} };
  const { id } = await insertChange(tx, subscription, {
    toPriceId: wished.price.id,
    quotedAt: now,
    invoiceId: null,
    now,
  });
  return { done: { changeId: id } };
}

async function chargeChange(
  tx: Tx,
  subscription: Subscription,
  { present, wished, quotedAt, quote }: AtOnce,
  now: Date,
): Promise<Deed> {
  const descriptions = {
    plan: planLine(wished),
    unused_credit: `Unused time of ${planLine(present)}`,
    minimum_charge: 'Raised to the least amount that can be charged',
  };
  const invoice = await openInvoice(tx, subscription, {
    reason: 'change',
    priced: wished,
    period: { start: new Date(quote.periodStartMs), end: new Date(quote.periodEndMs) },
    lines: quote.lines.map((line) => ({ ...line, description: descriptions[line.kind] })),
    now,
  });
  const { paymentMethodId } = subscription;
  const attempt = await openAttempt(tx, invoice, { onSession: false, paymentMethodId });
  const { id: changeId } = await insertChange(tx, subscription, {
    toPriceId: wished.price.id,
    quotedAt,
    invoiceId: invoice.id,
    now,
  });
  await transitionSubscription(tx, subscription, subscription.status, { nextDueAt: now });
  return { done: { changeId, invoiceId: invoice.id, attemptId: attempt.id } };
}

interface NewChange {
  readonly toPriceId: string;
  readonly quotedAt: Date;
  /** Null where it waits for the period's end. */
  readonly invoiceId: string | null;
  readonly now: Date;
}

async function insertChange(
  tx: Tx,
  { id: subscriptionId }: Subscription,
  { toPriceId, quotedAt, invoiceId, now }: NewChange,
): Promise<SubscriptionChange> {
  const [change] = await tx
    .insert(subscriptionChanges)
    .values({
      id: uuidv7(),
      subscriptionId,
      toPriceId,
      quotedAt,
      invoiceId,
      status: invoiceId === null ? 'scheduled' : 'pending',
      createdAt: now,
    })
    .returning();
  if (change === undefined) throw new Error(`no change of subscription ${subscriptionId} was inserted`);
  return change;
}
