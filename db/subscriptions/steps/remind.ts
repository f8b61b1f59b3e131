import { writeMail } from '../../accounts/index.ts';
import type { PricedPlan } from '../prices.ts';
import { nextPrice } from './charge.ts';
import { after, type Due, type Moment } from './moment.ts';

/**
 * Reminds of the end of a trial, or of a year that is charged next, once its time has come; returns when that is, where it is
 * not yet. What is charged then counts: a change that waits for that moment may have made it another plan, price or cycle.
 */
export async function remind(moment: Moment): Promise<Due | null> {
  const { subscription, terms } = moment;
  const { status, trialEnd, currentPeriodEnd, cancelRequestedAt } = subscription;
  if (cancelRequestedAt !== null) return null;
  if (status === 'trialing' && trialEnd !== null) {
    const next = await nextPrice(moment, trialEnd);
    return remindOf(moment, 'trial_ending', trialEnd, { next, beforeMs: terms.trialReminderMs });
  }
  if (status === 'active' && currentPeriodEnd !== null) {
    const next = await nextPrice(moment, currentPeriodEnd);
    // A month is charged too often to be told of.
    if (next.price.billingCycle !== 'yearly') return null;
    return remindOf(moment, 'year_renews_soon', currentPeriodEnd, {
      ...{ next, beforeMs: terms.renewalReminderMs },
    });
  }
  return null;
}

async function remindOf(
  { tx, subscription, now }: Moment,
  kind: 'trial_ending' | 'year_renews_soon',
  of: Date,
  { next, beforeMs }: { readonly next: PricedPlan; readonly beforeMs: number },
): Promise<Due | null> {
  const at = after(of, -beforeMs);
  if (now < at) return { at, summary: 'until its end is reminded of' };
  if (now >= of) return null;
  await writeMail(tx, {
    userId: subscription.userId,
    kind,
    subject: `subscription/${subscription.id}/${of.toISOString()}`,
    params: {
      plan: next.plan.name,
      at: of.toISOString(),
      amount: next.price.amountMinor,
      currency: next.price.currency,
    },
  });
  return null;
}
