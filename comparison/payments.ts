import type { PaymentClaims } from '../db/settlements/index.ts';
import type { HyperswitchBooks } from '../providers/hyperswitch/client.ts';
import { paymentVerdict } from '../providers/hyperswitch/verdicts.ts';
import { type Findings, isSame, said } from './findings.ts';
import { answered } from './reach.ts';

/**
 * Compares what the PSP captured of a payment of ours with what we booked for it. False where neither side knows of
 * any money: then there is nothing more to compare.
 */
export async function comparePayment(
  psp: HyperswitchBooks,
  { subject, paymentId, status, captured, refundedMinor, refunds }: PaymentClaims,
  findings: Findings,
): Promise<boolean> {
  if (paymentId === null) return captured !== null;
  const found = await answered('the PSP', async () => {
    const outcome = await psp.readPayment(paymentId);
    // A charge that was refused may have left it behind: nobody can say what became of it.
    const isUnreadable = outcome.kind === 'unknown' && outcome.httpStatus === 422;
    return isUnreadable ? ({ kind: 'unreadable' } as const) : outcome;
  });
  if (found.kind === 'unreadable') {
    findings.list('payments that cannot be read', subject);
    return false;
  }
  const payment = found.kind === 'payment' ? found.payment : null;
  const verdict = payment === null ? 'waiting' : paymentVerdict(payment.status);
  const theirs =
    payment !== null && (verdict === 'succeeded' || verdict === 'partially_captured')
      ? { amountMinor: payment.amountReceivedMinor ?? payment.amountMinor, currency: payment.currency }
      : null;
  if (captured === null) {
    if (theirs === null) return refunds.length > 0;
    if (status === 'pending') findings.list('under way', subject);
    else findings.differs(subject, `it is ${status} and took nothing, the PSP captured ${said(theirs)}`);
    return true;
  }
  findings.compared.payments += 1;
  const isGone = verdict === 'cancelled_post_capture' && refundedMinor === captured.amountMinor;
  if (theirs === null) {
    const says = payment === null ? 'has no such payment' : `says ${payment.status}`;
    if (!isGone) findings.differs(subject, `it took ${said(captured)}, the PSP ${says}`);
  } else if (!isSame(captured, theirs)) {
    findings.differs(subject, `it took ${said(captured)}, the PSP captured ${said(theirs)}`);
  }
  return true;
}
