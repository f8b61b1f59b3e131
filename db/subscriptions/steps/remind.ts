import { writeMail } from '../../accounts/index.ts';
import { nextPrice } from './charge.ts';
import { after, type Due, type Moment } from './moment.ts';

/** Reminds of the end of a trial, or of a year, once its time has come; returns when that is, where it is not yet. */
export async function remind(moment: Moment): Promise<Due | null> {
  const { subscription, terms, priced } = moment;
  const { status, trialEnd, currentPeriodEnd, cancelRequestedAt } = subscription;
  if (cancelRequestedAt !== null) return null;
  if (status === 'trialing' && trialEnd !== null) {
    return remindOf(moment, 'trial_ending', trialEnd, terms.trialReminderMs);
  }
  if (status === 'active' && currentPeriodEnd !== null && priced.price.billingCycle === 'yearly') {
    return remindOf(moment, 'year_renews_soon', currentPeriodEnd, terms.renewalReminderMs);
  }
  return null;
}

async function remindOf(
  moment: Moment,
  kind: 'trial_ending' | 'year_renews_soon',
  of: Date,
  beforeMs: number,
): Promise<Due | null> {
  const { tx, subscription, now } = moment;
  const at = after(of, -beforeMs);
  if (now < at) return { at, summary: 'until its end is reminded of' };
  if (now >= of) return null;
  // What will be charged then, which a change that waits for that moment may have made another price.
  const { plan, price } = await nextPrice(moment, of);
  await writeMail(tx, {
    userId: subscription.userId,
    kind,
    subject: `subscription/${subscription.id}/${of.toISOString()}`,
    params: {
      plan: plan.name,
      at: of.toISOString(),
      amount: price.amountMinor,
      currency: price.currency,
    },
  });
  return null;
}
