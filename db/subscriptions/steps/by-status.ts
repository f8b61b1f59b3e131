import { renewalJitterMs } from '../../../domain/subscriptions/jitter.ts';
import { subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { tellChangeFailed } from '../changes/tell-failed.ts';
import { isPeriodPaid } from '../gate-rows.ts';
import { hasEndingRefund } from '../invoices/ending-refund.ts';
import { voidOpenInvoice } from '../invoices/void.ts';
import { isFree } from '../prices.ts';
import { charge } from './charge.ts';
import { dun } from './dun.ts';
import { end } from './end.ts';
import { after, CHANGED, type Due, type Moment } from './moment.ts';
import { deadlineOf } from './under-way.ts';

/** A renewal that waits for a refund to end is thought about again so much later, in billing time. */
const REFUND_LOOK_MS = 60 * 60_000;

/** What is due by the subscription's status, while no attempt is under way: it is done, or awaited. Null: nothing ever. */
export async function decideByStatus(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { subscription, now, open } = moment;
  switch (subscription.status) {
    case 'pending_payment': {
      const deadline = after(subscription.createdAt, moment.terms.paymentTimeoutMs);
      if (now >= deadline) return end(moment, 'expired', 'unpaid', 'subscription_expired');
      return { at: deadline, summary: 'until the time to pay is over' };
    }
    case 'trialing':
      return endOfTrial(moment);
    case 'active':
      return open === undefined ? renewal(moment) : openWhileActive(moment);
    case 'canceling':
      return endOfPeriod(moment);
    case 'past_due':
      return dun(moment);
    case 'canceled':
    case 'expired':
      return null;
  }
}

async function endOfTrial(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { subscription, now, open } = moment;
  const { trialEnd, cancelRequestedAt, paymentMethodId } = subscription;
  if (trialEnd === null) return null;
  if (now < trialEnd) return { at: trialEnd, summary: 'until the trial is over' };
  if (cancelRequestedAt !== null) return end(moment, 'canceled', 'asked', 'trial_over');
  if (paymentMethodId === null) return end(moment, 'expired', 'trial_without_card', 'trial_over');
  // A refusal would have made it past due: an open invoice without an attempt is of a restored database.
  if (open !== undefined) await voidOpenInvoice(moment.tx, subscription.id);
  return charge(moment, 'trial_end', trialEnd);
}

async function renewal(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { tx, subscription, terms, now, priced } = moment;
  const { currentPeriodEnd } = subscription;
  if (currentPeriodEnd === null || isFree(priced)) return null;
  const at = after(currentPeriodEnd, renewalJitterMs(subscription.id, terms.renewalJitterMs));
  if (now < at) return { at, summary: 'until the renewal' };
  if (await hasEndingRefund(tx, subscription, moment)) {
    return { at: after(now, REFUND_LOOK_MS), summary: 'for a refund that ends it' };
  }
  if (!(await isPeriodPaid(tx, subscription, currentPeriodEnd))) {
    const detail = 'Nobody paid the period that is over: it is not renewed, and gives no features';
    await raiseFlag(tx, 'phantom', subscriptionWorkflowId(subscription.id), detail);
    return null;
  }
  return charge(moment, 'renewal', currentPeriodEnd);
}

/** A change whose bank wants the buyer waits for them; when the time is over, it has failed. */
async function openWhileActive(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { tx, subscription, now, open } = moment;
  // Nobody has paid it, and it is in force all the same: a phantom, whose payment may still come.
  if (open?.reason === 'first') return null;
  const deadline = open === undefined ? null : deadlineOf(moment, open);
  if (deadline !== null && now < deadline) {
    return { at: deadline, summary: 'until the time to pay for the change is over' };
  }
  await voidOpenInvoice(tx, subscription.id);
  if (open?.reason === 'change') await tellChangeFailed(tx, subscription, open);
  return CHANGED;
}

async function endOfPeriod(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { tx, subscription, now, open } = moment;
  const { currentPeriodEnd, cancelCause } = subscription;
  if (open !== undefined) {
    // Its charge was asked for before the cancellation, and was refused.
    await voidOpenInvoice(tx, subscription.id);
    return CHANGED;
  }
  if (currentPeriodEnd === null) return null;
  if (now < currentPeriodEnd) return { at: currentPeriodEnd, summary: 'until the paid period is over' };
  return end(moment, 'canceled', cancelCause === 'dispute' ? 'disputed' : 'asked', null);
}
