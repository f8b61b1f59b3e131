import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import { writeMail } from '../accounts/index.ts';
import type { Tx } from '../client.ts';
import { lockLastAttempt } from './attempts/open.ts';
import { dropScheduledChange } from './changes/drop-scheduled.ts';
import { type Deed, type DeedTerms, refuse } from './deed.ts';
import { endSubscription } from './end.ts';
import { endPhantom } from './end-phantom.ts';
import { isPhantomRow } from './gate-rows.ts';
import { lockOpenInvoice, voidOpenInvoice } from './invoices/void.ts';
import { readPrice } from './prices.ts';
import type { Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

/**
 * Cancels a subscription that is locked: at the end of its period or trial, with access until then; at once where it is
 * unpaid or past due. A charge that was not asked for is not made, nor asked for again where the PSP has not answered; one
 * that succeeds all the same runs to its period's end.
 */
export async function cancelSubscription(
  tx: Tx,
  subscription: Subscription,
  { askId, now, terms }: DeedTerms,
): Promise<Deed> {
  const { status } = subscription;
  switch (status) {
    case 'pending_payment':
    case 'past_due':
      await cancelAtOnce(tx, subscription, now);
      break;
    case 'trialing':
    case 'active': {
      if (subscription.cancelRequestedAt !== null)
        return refuse('not_cancellable', 'It is cancelled already, and ends with its trial.');
      if (await isPhantomRow(tx, subscription, now, terms)) {
        await endPhantom(tx, subscription, { sweepId: `cancel/${askId}`, why: 'they cancelled', now });
        await tellCanceled(tx, { ...subscription, currentPeriodEnd: now, trialEnd: now }, now);
        return { done: {} };
      }
      await cancelAtEnd(tx, subscription, now);
      break;
    }
    case 'canceling':
    case 'canceled':
    case 'expired':
      return refuse('not_cancellable', `It is ${status} already.`);
  }
  await tellCanceled(tx, subscription, now);
  return { done: {} };
}

async function cancelAtOnce(tx: Tx, subscription: Subscription, now: Date): Promise<void> {
  const asked = await transitionSubscription(tx, subscription, subscription.status, {
    cancelRequestedAt: now,
    cancelCause: 'person',
  });
  await endSubscription(tx, asked, { to: 'canceled', reason: 'asked', now });
}

async function cancelAtEnd(tx: Tx, subscription: Subscription, now: Date): Promise<void> {
  if (!(await isChargeAsked(tx, subscription.id))) await voidOpenInvoice(tx, subscription.id);
  await dropScheduledChange(tx, subscription.id);
  // A trial keeps its status until its end: it was never paid.
  const to = subscription.status === 'trialing' ? 'trialing' : 'canceling';
  await transitionSubscription(tx, subscription, to, {
    cancelRequestedAt: now,
    cancelCause: 'person',
    nextDueAt: now,
  });
}

/**
 * Whether the next period may have been charged, so that its invoice must wait for the PSP's word. A change is given up by the
 * subscriber themself, whom no mail tells that it failed.
 */
async function isChargeAsked(tx: Tx, subscriptionId: string): Promise<boolean> {
  const open = await lockOpenInvoice(tx, subscriptionId);
  if (open === undefined || open.reason === 'change') return false;
  const last = await lockLastAttempt(tx, open.id);
  return last?.status === 'pending' && last.askedAt !== null;
}

async function tellCanceled(tx: Tx, subscription: Subscription, now: Date): Promise<void> {
  const { id, userId, status, currentPeriodEnd, trialEnd } = subscription;
  const { plan } = await readPrice(tx, subscription.priceId);
  const endsAt = { trialing: trialEnd, active: currentPeriodEnd }[status as 'trialing' | 'active'] ?? now;
  await writeMail(tx, {
    userId,
    kind: 'subscription_canceled',
    subject: `${subscriptionWorkflowId(id)}/${now.toISOString()}`,
    params: { plan: plan.name, ends_at: endsAt.toISOString(), cause: 'person' },
  });
}
