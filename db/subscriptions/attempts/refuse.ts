import type { AttemptReport } from '../../../domain/subscriptions/messages.ts';
import { nextDunningStepMs, nextInDunning } from '../../../domain/subscriptions/dunning.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { chargeableCard } from '../chargeable-card.ts';
import { tellChangeFailed } from '../changes/tell-failed.ts';
import { hasEndingRefund } from '../invoices/ending-refund.ts';
import { voidOpenInvoice } from '../invoices/void.ts';
import type { LockedAttempt } from '../lock.ts';
import { readPrice } from '../prices.ts';
import { transitionSubscription } from '../transition.ts';

/** The bank wants the buyer, who was not there. */
const WANTS_THE_BUYER = 'requires_customer_action';

/**
 * What an attempt that is over without its money means for its subscription. Returns whether a period was refused.
 * `now` is billing time. All must be locked.
 */
export async function refuse(
  tx: Tx,
  { subscription, invoice, attempt }: LockedAttempt,
  decline: AttemptReport['decline'],
  {
    now,
    terms,
  }: {
    readonly now: Date;
    readonly terms: Pick<InvoiceTerms, 'dunningMs' | 'renewalGraceMs' | 'time'>;
  },
): Promise<boolean> {
  if (invoice.status !== 'open') return false;
  const wantsBuyer = decline?.code === WANTS_THE_BUYER;
  const isEndedByUs = attempt.endRequestedAt !== null && decline === null;
  const { userId } = subscription;
  const { plan } = await readPrice(tx, invoice.priceId);
  const params = {
    plan: plan.name,
    invoice_id: invoice.id,
    amount: invoice.amountMinor,
    currency: invoice.currency,
    decline_code: decline?.code ?? null,
  };
  const subject = `invoice/${invoice.id}/${attempt.attempt}`;
  switch (invoice.reason) {
    case 'first':
      // The buyer saw it, and may try again until the time is over.
      return false;
    case 'change':
      if (wantsBuyer) await writeMail(tx, { userId, kind: 'bank_wants_you', subject, params });
      // The buyer pays it, or lets its time pass.
      if (wantsBuyer || attempt.onSession) return false;
      await tellChangeFailed(tx, subscription, invoice);
      await voidOpenInvoice(tx, subscription.id);
      return false;
    case 'renewal':
    case 'trial_end':
      // Who cancelled while it was in flight, or gets the period before back by a refund that ends it, is not asked for it again.
      // Nor was it refused where we ended it.
      if (
        subscription.status !== 'past_due' &&
        (subscription.cancelRequestedAt !== null ||
          isEndedByUs ||
          (await hasEndingRefund(tx, subscription, { now, terms })))
      ) {
        await voidOpenInvoice(tx, subscription.id);
        return false;
      }
      if (wantsBuyer) await writeMail(tx, { userId, kind: 'bank_wants_you', subject, params });
      if (subscription.status === 'past_due') return false;
      await transitionSubscription(tx, subscription, 'past_due', { dunningSince: now, dunningIndex: 0 });
      if (!wantsBuyer) {
        const isOfUse = (await chargeableCard(tx, subscription, terms.time)) !== null;
        const againMs = isOfUse ? nextDunningStepMs(now.getTime(), terms.dunningMs, 0) : null;
        const next = nextInDunning(now.getTime(), terms.dunningMs, againMs);
        await writeMail(tx, { userId, kind: 'payment_failed', subject, params: { ...params, ...next } });
      }
      return true;
  }
}
