import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { Entry } from '../../domain/ledger/index.ts';
import { ofPayout, payoutFailed, payoutPaid, payoutReturned } from '../../domain/payouts/postings.ts';
import type { PostingKind } from '../../domain/postings.ts';
import type { PayoutReport } from '../../domain/payouts/messages.ts';
import { writeMail } from '../accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { fundsOf, lockFunds, post } from '../ledger/index.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { clearFlags } from '../kernel/index.ts';
import { type ReversalWork, readWaitingForFunds } from '../marketplace/index.ts';
import { lockPayout } from './lock.ts';

export interface SettledPayout {
  readonly payout: Payout;
  /** Why the report cannot be believed: nothing leads back from `failed`, and a payout has only one id at Stripe. */
  readonly contradiction: 'paid_after_failed' | 'another_payout' | null;
  /** The seller's reversals that wait for funds, since money has come back. */
  readonly funded: readonly ReversalWork[];
}

/**
 * Settles Stripe's report that the bank has the money, or does not; without a Stripe id we know that Stripe never
 * made the payout. One transaction: status, ledger, balances. Repeatable, and a failure may follow days after `paid`.
 */
export async function settlePayout(
  db: Db,
  payoutId: string,
  word: Omit<PayoutReport, 'stripePayoutId'> & { readonly stripePayoutId: string | null },
): Promise<SettledPayout> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    const contradiction = contradictionOf(payout, word);
    // We had believed that Stripe never made the payout, before its report came.
    const isOverruled =
      word.stripePayoutId === null && (payout.status !== 'pending' || payout.externalPayoutId !== null);
    if (payout.status === word.status || contradiction || isOverruled)
      return { payout, contradiction, funded: [] };
    const settled = await transitionPayout(tx, payout, word.status, {
      externalPayoutId: payout.externalPayoutId ?? word.stripePayoutId,
      nextRetryAt: null,
      waitingFor: null,
      errorMessage: word.status === 'paid' ? null : word.message,
      ...(word.status === 'paid' ? { paidAt: new Date() } : { failedAt: new Date() }),
    });
    await clearFlags(tx, 'account_gone', payoutWorkflowId(payoutId));
    await clearFlags(tx, 'amount_differs', payoutWorkflowId(payoutId));
    const { kind, entries } = await bookingOf(tx, payout, word.status);
    await post(tx, { kind, currency: payout.currency, ...ofPayout(payoutId) }, entries);
    const funded = word.status === 'failed' ? await readWaitingForFunds(tx, payout) : [];
    await writeMail(tx, {
      userId: payout.sellerId,
      kind: word.status === 'paid' ? 'payout_paid' : 'payout_failed',
      subject: payoutWorkflowId(payoutId),
      params: { amount: payout.amountMinor, currency: payout.currency },
    });
    return { payout: settled, contradiction, funded };
  });
}

function contradictionOf(
  { status, externalPayoutId }: Payout,
  word: { readonly status: PayoutReport['status']; readonly stripePayoutId: string | null },
): SettledPayout['contradiction'] {
  const known = externalPayoutId ?? word.stripePayoutId;
  if (word.stripePayoutId !== null && word.stripePayoutId !== known) return 'another_payout';
  return status === 'failed' && word.status === 'paid' ? 'paid_after_failed' : null;
}

async function bookingOf(
  tx: Tx,
  { sellerId, amountMinor, currency, status }: Payout,
  to: PayoutReport['status'],
): Promise<{ kind: PostingKind; entries: Entry[] }> {
  const funds = fundsOf(await lockFunds(tx, [sellerId], currency), sellerId);
  if (to === 'paid') return { kind: 'payout_paid', entries: payoutPaid(sellerId, amountMinor) };
  return status === 'paid'
    ? { kind: 'payout_returned', entries: payoutReturned(sellerId, amountMinor, funds) }
    : { kind: 'payout_failed', entries: payoutFailed(sellerId, amountMinor, funds) };
}
