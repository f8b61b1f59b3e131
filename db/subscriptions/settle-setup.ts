import { eq } from 'drizzle-orm';
import type { AttemptReport } from '../../domain/subscriptions/messages.ts';
import { ENDED_SUBSCRIPTIONS } from '../../domain/subscriptions/subscription-machine.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import { writeMail } from '../accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import { dropAttempt } from './attempts/drop.ts';
import { lockLastAttempt, openAttempt } from './attempts/open.ts';
import { readBillingClock } from './billing-clock.ts';
import { chargeableCard } from './chargeable-card.ts';
import { endSubscription } from './end.ts';
import { lockOpenInvoice } from './invoices/void.ts';
import { keepCard } from './keep-card.ts';
import { lockSubscription } from './lock.ts';
import { readPrice } from './prices.ts';
import { cardSetups, type PaymentMethod, type Subscription } from './schema.ts';
import { endSetup } from './setups.ts';
import { transitionSubscription } from './transition.ts';
import { keepTrialCard } from './trial-uses.ts';

export interface SettledSetup {
  /** `trial_ended`: the card had a trial before. `not_kept`: it cannot be charged later, nobody would charge it, or a later one is on file. */
  readonly outcome: 'kept' | 'not_kept' | 'trial_ended' | 'failed' | 'already_decided';
  readonly subscriptionId: string;
}

/**
 * Settles the PSP's report of a set-up payment: its card is on file, and is charged at once where the subscription is
 * past due. It moves no money and pays nothing, whatever the report says. A success is the later word: it counts after a
 * failure, and after it was given up. Repeatable.
 */
export async function settleSetup(
  db: Db,
  setupId: string,
  { verdict, card }: Pick<AttemptReport, 'verdict' | 'card'>,
  terms: BillingTerms,
): Promise<SettledSetup> {
  return db.transaction(async (tx) => {
    const { subscription, isEnded, begunAt } = await lockSetup(tx, setupId);
    const { id: subscriptionId, userId, status } = subscription;
    const isKept = subscription.cardBegunAt?.getTime() === begunAt.getTime();
    if (isKept || (isEnded && verdict !== 'captured')) return { outcome: 'already_decided', subscriptionId };
    const now = await readBillingClock(tx, terms.time);
    await endSetup(tx, setupId);
    if (verdict !== 'captured') return { outcome: 'failed', subscriptionId };
    if (card === null || ENDED_SUBSCRIPTIONS.some((ended) => ended === status))
      return { outcome: 'not_kept', subscriptionId };
    const kept = await keepCard(tx, subscription, { card, begunAt }, { now, ...terms });
    if (kept === null) return { outcome: 'not_kept', subscriptionId };
    const hadTrial =
      status === 'trialing' &&
      kept.fingerprintHash !== null &&
      (await keepTrialCard(tx, userId, kept.fingerprintHash));
    const withCard = await transitionSubscription(tx, subscription, status, {
      paymentMethodId: kept.id,
      cardBegunAt: begunAt,
      nextDueAt: now,
    });
    if (hadTrial) {
      await endSubscription(tx, withCard, { to: 'expired', reason: 'trial_used', now });
      const subject = `subscription/${subscriptionId}`;
      const { plan } = await readPrice(tx, subscription.priceId);
      const params = { plan: plan.name, reason: 'trial_used' } as const;
      await writeMail(tx, { userId, kind: 'trial_over', subject, params });
      return { outcome: 'trial_ended', subscriptionId };
    }
    if (status === 'past_due' && (await chargeableCard(tx, withCard, terms.time)) !== null)
      await chargeAtOnce(tx, withCard, kept);
    return { outcome: 'kept', subscriptionId };
  });
}

async function lockSetup(tx: Tx, setupId: string) {
  const [found] = await tx
    .select({ subscriptionId: cardSetups.subscriptionId })
    .from(cardSetups)
    .where(eq(cardSetups.id, setupId));
  if (found === undefined) throw new MissingRow('card setup', setupId);
  const subscription = await lockSubscription(tx, found.subscriptionId);
  const [setup] = await tx.select().from(cardSetups).where(eq(cardSetups.id, setupId)).for('no key update');
  if (setup === undefined) throw new MissingRow('card setup', setupId);
  return { subscription, isEnded: setup.endedAt !== null, begunAt: setup.createdAt };
}

/** What is due is charged to the new card, unless another attempt is still under way at the PSP. */
async function chargeAtOnce(tx: Tx, { id }: Subscription, card: PaymentMethod): Promise<void> {
  const invoice = await lockOpenInvoice(tx, id);
  if (invoice === undefined) return;
  const last = await lockLastAttempt(tx, invoice.id);
  // A payment that waits for its buyer is not wanted any more.
  const before = last?.status === 'pending' && last.onSession ? await dropAttempt(tx, last) : last;
  if (before?.status === 'pending') return;
  await openAttempt(tx, invoice, { onSession: false, paymentMethodId: card.id });
}
