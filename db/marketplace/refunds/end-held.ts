import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import type { Refund } from './schema.ts';
import { isHeldRefund } from './held.ts';
import { type Act, writeAuditLog, clearFlags } from '../../kernel/index.ts';
import { failPending } from './fail.ts';
import { lockNamedRefund, lockRefund } from '../lock.ts';
import { settleRefund } from './settle.ts';
import type { SettledRefund } from '../labels.ts';
import type { Purchases } from '../purchase.ts';

export interface EndedRefund {
  readonly refund: Refund;
  /** The work that a settled refund calls for. */
  readonly settled: SettledRefund;
}

/**
 * A person has checked at the PSP how a held refund really stands: the buyer has the asked amount (`settled`), or
 * nothing (`failed`). Throws `refund_not_found`, `refund_not_open` and `refund_not_held`.
 */
export async function endHeldRefund(
  tx: Tx,
  {
    refundId,
    to,
    ...act
  }: Act & { readonly refundId: string; readonly to: 'settled' | 'failed'; readonly reason: string },
  purchases: Purchases,
): Promise<EndedRefund> {
  const { purchase, refund } = await lockNamedRefund(tx, refundId, purchases);
  await refuseUnlessHeld(tx, refund);
  const subject = refundWorkflowId(refundId);
  let settled: SettledRefund = { reversals: [], transfers: [] };
  if (to === 'failed') {
    await failPending(tx, purchase, refund, 'A person found that the payment provider gave nothing back.');
  } else {
    const asAsked = { providerRefundId: refund.hyperswitchRefundId };
    const done = await settleRefund(tx, refundId, asAsked, purchases);
    if (done !== 'held') settled = done;
  }
  await clearFlags(tx, 'amount_differs', subject);
  const { refund: ended } = await lockRefund(tx, refundId, purchases);
  await writeAuditLog(tx, act, {
    action: to === 'failed' ? 'refund.end_held' : 'refund.settled_outside',
    subject,
    before: { status: refund.status },
    after: { status: ended.status },
  });
  return { refund: ended, settled };
}

async function refuseUnlessHeld(tx: Tx, refund: Refund): Promise<void> {
  const { status } = refund;
  if (status !== 'pending') {
    throw new VezaError('refund_not_open', `A refund that is ${status} has ended already.`, {
      status_now: status,
    });
  }
  if (await isHeldRefund(tx, refund.id)) return;
  throw new VezaError(
    'refund_not_held',
    'The PSP has not said that it did this refund as something that the books cannot hold: its word decides.',
    { status_now: status },
  );
}
