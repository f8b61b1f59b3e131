import { and, eq } from 'drizzle-orm';
import { periodFrom } from '../../../domain/subscriptions/periods.ts';
import { openAttempt } from '../attempts/open.ts';
import { subscriptionChanges } from '../changes/schema.ts';
import { openInvoice } from '../invoices/open.ts';
import { type PricedPlan, readPrice } from '../prices.ts';
import { CHANGED, type Moment } from './moment.ts';

/**
 * Opens the invoice of the period that follows, and the charge for it. The period moves only with the payment. Without a
 * card that may be charged the attempt is refused without a call.
 */
export async function charge(
  moment: Moment,
  reason: 'renewal' | 'trial_end',
  from: Date,
): Promise<typeof CHANGED> {
  const { tx, subscription, card, now } = moment;
  const priced = await nextPrice(moment, from);
  const anchorMs = (reason === 'trial_end' ? from : (subscription.anchorAt ?? from)).getTime();
  const period = periodFrom(anchorMs, priced.price.billingCycle, from.getTime());
  const invoice = await openInvoice(tx, subscription, {
    reason,
    priced,
    period: { start: new Date(period.startMs), end: new Date(period.endMs) },
    now,
  });
  await openAttempt(tx, invoice, { onSession: false, paymentMethodId: card });
  return CHANGED;
}

/** The price of the next period: what the subscriber wished for at its end, what an operator moves it to, or its own. */
export async function nextPrice({ tx, subscription, priced }: Moment, from: Date): Promise<PricedPlan> {
  const [scheduled] = await tx
    .select()
    .from(subscriptionChanges)
    .where(
      and(
        eq(subscriptionChanges.subscriptionId, subscription.id),
        eq(subscriptionChanges.status, 'scheduled'),
      ),
    );
  if (scheduled !== undefined) return readPrice(tx, scheduled.toPriceId);
  const { movesToPriceId, movesPriceAfter } = subscription;
  if (movesToPriceId === null || movesPriceAfter === null || movesPriceAfter > from) return priced;
  const moved = await readPrice(tx, movesToPriceId);
  // An operator moves the price, never the plan or its cycle.
  const isOfSame = moved.plan.id === priced.plan.id && moved.price.billingCycle === priced.price.billingCycle;
  return isOfSame ? moved : priced;
}
