import { VezaError } from '../../domain/errors.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import type { Tx } from '../client.ts';
import { transitionPayout } from './transition.ts';
import type { Payout } from './schema.ts';
import { type Act, writeAuditLog, lockNamed } from '../kernel/index.ts';
import { payoutLabel, type PayoutWork } from './label.ts';
import { lockPayout } from './lock.ts';

/**
 * An operator wants an open payout asked for now, or given up; its workflow looks at Stripe before either. The row
 * keeps that it was given up, so it holds even if the workflow is never notified. Throws `payout_not_found` and
 * `payout_not_open`.
 */
export async function askPayoutAgain(
  tx: Tx,
  {
    payoutId,
    action,
    ...act
  }: Act & { readonly payoutId: string; readonly action: 'payout.retry' | 'payout.give_up' },
): Promise<{ readonly payout: Payout; readonly work: PayoutWork }> {
  const payout = await lockNamed(tx, 'payout', payoutId, lockPayout);
  if (payout.status !== 'pending') {
    throw new VezaError('payout_not_open', `The payout is ${payout.status}: nothing is left to be done.`, {
      status_now: payout.status,
    });
  }
  const before = { status: payout.status, retryCount: payout.retryCount };
  await writeAuditLog(tx, act, { action, subject: payoutWorkflowId(payoutId), before, after: null });
  const asked =
    action === 'payout.give_up'
      ? await transitionPayout(tx, payout, 'pending', { givenUpAt: new Date() })
      : payout;
  return { payout: asked, work: payoutLabel(asked) };
}
