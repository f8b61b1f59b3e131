import { and, eq } from 'drizzle-orm';
import {
  dunningStepsDue,
  isDunningOver,
  nextDunningStepMs,
  nextInDunning,
} from '../../../domain/subscriptions/dunning.ts';
import { writeMail } from '../../accounts/index.ts';
import { lockLastAttempt, openAttempt } from '../attempts/open.ts';
import { type Invoice, invoicePayments } from '../invoices/schema.ts';
import { readPrice } from '../prices.ts';
import { transitionSubscription } from '../transition.ts';
import { end } from './end.ts';
import { CHANGED, type Due, type Moment } from './moment.ts';
import { stepsDueOf } from './under-way.ts';

/**
 * Takes the step of dunning that is due: the card on file is charged again, unless its bank said that this is no use. When
 * none is left, and the last attempt is over, the subscription expires. No attempt may be under way.
 */
export async function dun(moment: Moment): Promise<typeof CHANGED | Due | null> {
  const { tx, subscription, terms, now, card, open } = moment;
  const { dunningSince, dunningIndex } = subscription;
  if (dunningSince === null) return null;
  if (open !== undefined && (await isNewCard(moment, open))) {
    await openAttempt(tx, open, { onSession: false, paymentMethodId: card });
    return CHANGED;
  }
  const sinceMs = dunningSince.getTime();
  const stepsDue = dunningStepsDue(sinceMs, terms.dunningMs, now.getTime());
  if (stepsDue > dunningIndex) {
    await transitionSubscription(tx, subscription, 'past_due', { dunningIndex: stepsDue });
    if (open !== undefined) await takeStep(moment, open, stepsDue);
    return CHANGED;
  }
  if (isDunningOver(terms.dunningMs, dunningIndex)) {
    return end(moment, 'expired', 'dunning_over', 'subscription_expired');
  }
  const nextMs = nextDunningStepMs(sinceMs, terms.dunningMs, dunningIndex);
  if (nextMs === null) return null;
  return { at: new Date(nextMs), summary: 'until the card on file is charged again' };
}

/**
 * Takes the step of dunning that is due beside the payment of a buyer who is there, where it is a mail alone. Returns whether
 * it did; the last step is left until that payment is over.
 */
export async function dunBeside(moment: Moment): Promise<boolean> {
  const { tx, subscription, terms, card, open, pending } = moment;
  const stepsDue = stepsDueOf(moment);
  const isBuyerThere = pending.every(({ attempt }) => attempt.onSession);
  if (card !== null || open === undefined || !isBuyerThere) return false;
  if (stepsDue <= subscription.dunningIndex || isDunningOver(terms.dunningMs, stepsDue)) return false;
  await transitionSubscription(tx, subscription, 'past_due', { dunningIndex: stepsDue });
  await takeStep(moment, open, stepsDue);
  return true;
}

/**
 * Whether the card on file is still to be charged for this invoice: a new card is charged at once, also one that was charged for
 * it before and is given again. A buyer's payment that was under way then is over first.
 */
async function isNewCard({ tx, card, subscription }: Moment, open: Invoice): Promise<boolean> {
  if (card === null) return false;
  const [charged] = await tx
    .select({ id: invoicePayments.id })
    .from(invoicePayments)
    .where(and(eq(invoicePayments.invoiceId, open.id), eq(invoicePayments.paymentMethodId, card)))
    .limit(1);
  if (charged === undefined) return true;
  const last = await lockLastAttempt(tx, open.id);
  const { cardBegunAt } = subscription;
  return last?.onSession === true && cardBegunAt !== null && last.createdAt < cardBegunAt;
}

/** Each step is a mail, and a charge where that is of any use. */
async function takeStep(moment: Moment, open: Invoice, step: number): Promise<void> {
  const { tx, subscription, terms, now, card } = moment;
  const last = await lockLastAttempt(tx, open.id);
  const { plan } = await readPrice(tx, open.priceId);
  const sinceMs = (subscription.dunningSince ?? now).getTime();
  if (card !== null) await openAttempt(tx, open, { onSession: false, paymentMethodId: card });
  await writeMail(tx, {
    userId: subscription.userId,
    kind: 'payment_failed',
    subject: `invoice/${open.id}/dunning/${step}`,
    params: {
      plan: plan.name,
      invoice_id: open.id,
      amount: open.amountMinor,
      currency: open.currency,
      decline_code: last?.declineCode ?? null,
      ...nextInDunning(sinceMs, terms.dunningMs, card === null ? null : now.getTime()),
    },
  });
}
