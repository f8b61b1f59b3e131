import { v7 as uuidv7 } from 'uuid';
import { formatMoney, type Money } from '../../../domain/kernel/index.ts';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import { invoicePaymentSuspended, ofInvoice } from '../../../domain/subscriptions/postings.ts';
import type { Tx } from '../../client.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { post } from '../../ledger/index.ts';
import { type GiveBackWork, type Refund, refundLabel, refunds } from '../../marketplace/index.ts';
import type { LockedAttempt } from '../lock.ts';

/**
 * Money that its invoice cannot take is held for its payer, and goes back by a refund of its own; people are told.
 * `goneMinor`: what has gone back already without us; only the rest is asked for. Null where nothing is left. The
 * attempt is `succeeded`.
 */
export async function giveBack(
  tx: Tx,
  { invoice, attempt }: Pick<LockedAttempt, 'invoice' | 'attempt'>,
  { captured, goneMinor }: { readonly captured: Money; readonly goneMinor: number },
): Promise<GiveBackWork | null> {
  const { amountMinor, currency } = captured;
  await post(
    tx,
    { kind: 'invoice_payment_suspended', currency, ...ofInvoice(invoice.id) },
    invoicePaymentSuspended(amountMinor),
  );
  const restMinor = amountMinor - goneMinor;
  const refund =
    restMinor > 0
      ? await openGiveBack(tx, {
          invoiceId: invoice.id,
          attemptId: attempt.id,
          amountMinor: restMinor,
          currency,
        })
      : null;
  const owed = formatMoney(invoice.amountMinor, invoice.currency);
  const came = `${formatMoney(amountMinor, currency)} came by attempt ${attempt.attempt} for an invoice of ${owed} that was ${invoice.status}`;
  const rest = refund === null ? 'all of it has gone back' : `it is given back by refund ${refund.id}`;
  await raiseFlag(tx, flagOf(invoice, captured), invoiceSubject(invoice.id), `${came}; ${rest}`);
  return refund && { refundId: refund.id, label: refundLabel(refund) };
}

function flagOf({ status, amountMinor, currency }: LockedAttempt['invoice'], captured: Money) {
  if (captured.amountMinor !== amountMinor || captured.currency !== currency) return 'amount_differs';
  return status === 'open' || status === 'void' ? 'late_payment' : 'double_payment';
}

/** Writes the refund, `pending`, that gives back what is held of an attempt's money. Minor units. */
export async function openGiveBack(
  tx: Tx,
  {
    attemptId,
    invoiceId,
    amountMinor,
    currency,
  }: { readonly attemptId: string; readonly invoiceId: string } & Money,
): Promise<Refund> {
  const [refund] = await tx
    .insert(refunds)
    .values({
      id: uuidv7(),
      kind: 'payment_returned',
      invoiceId,
      paymentId: attemptId,
      amountMinor,
      currency,
    })
    .returning();
  if (refund === undefined) throw new Error(`no refund was opened for attempt ${attemptId}`);
  return refund;
}
