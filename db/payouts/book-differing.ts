import { VezaError } from '../../domain/errors.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import { ofPayout, payoutAsked, payoutFailed } from '../../domain/payouts/postings.ts';
import type { Tx } from '../client.ts';
import { fundsOf, lockFunds, post } from '../ledger/index.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { type Act, writeAuditLog, clearFlags, lockNamed } from '../kernel/index.ts';
import { payoutLabel, type PayoutWork } from './label.ts';
import { lockPayout } from './lock.ts';

/**
 * Stripe made a payout of another amount, and an operator has it booked as it is. If it is smaller, the difference
 * goes back to the seller's `available`; if it is larger, the difference comes out of it. Stripe's report then ends
 * the payout like any other. Throws `payout_not_found` and `payout_not_bookable`.
 */
export async function bookDifferingPayout(
  tx: Tx,
  { payoutId, ...act }: Act & { readonly payoutId: string; readonly reason: string },
): Promise<{ readonly payout: Payout; readonly work: PayoutWork }> {
  const payout = await lockNamed(tx, 'payout', payoutId, lockPayout);
  const { sellerId, currency, differingId, differingMinor } = payout;
  if (payout.status !== 'pending' || payout.externalPayoutId !== null || differingId === null)
    throw refusal(payout, 'Stripe made no other payout in its place.');
  if (differingMinor === null) throw refusal(payout, 'What Stripe made is in another currency.');
  const funds = fundsOf(await lockFunds(tx, [sellerId], currency), sellerId);
  const moreMinor = differingMinor - payout.amountMinor;
  if (moreMinor > funds.availableMinor)
    throw refusal(payout, 'What Stripe made is more than the seller has.');
  const [kind, entries] =
    moreMinor > 0
      ? (['payout_asked', payoutAsked(sellerId, moreMinor)] as const)
      : (['payout_failed', payoutFailed(sellerId, -moreMinor, funds)] as const);
  await post(tx, { kind, currency, ...ofPayout(payoutId) }, entries);
  const booked = await transitionPayout(tx, payout, 'pending', {
    amountMinor: differingMinor,
    externalPayoutId: differingId,
    nextRetryAt: null,
    errorMessage: null,
    waitingFor: null,
  });
  await clearFlags(tx, 'amount_differs', payoutWorkflowId(payoutId));
  await writeAuditLog(tx, act, {
    action: 'payout.book_as_made',
    subject: payoutWorkflowId(payoutId),
    before: { amountMinor: payout.amountMinor },
    after: { amountMinor: differingMinor, externalPayoutId: differingId },
  });
  return { payout: booked, work: payoutLabel(booked) };
}

const refusal = (payout: Payout, detail: string) =>
  new VezaError('payout_not_bookable', detail, { status_now: payout.status });
