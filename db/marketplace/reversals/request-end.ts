import { VezaError } from '../../../domain/errors.ts';
import { reversalWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { transitionReversal } from './transition.ts';
import type { Reversal } from '../transfers/schema.ts';
import { type Act, writeAuditLog, lockNamed } from '../../kernel/index.ts';
import { reversalLabel, type ReversalWork } from '../labels.ts';
import { lockReversal } from '../lock.ts';

/**
 * An operator gives up an open reversal. The row keeps that, so it holds even if the workflow is never notified: its
 * next attempt looks at Stripe once more, and ends it. Throws `reversal_not_found` and `reversal_not_open`.
 */
export async function requestReversalEnd(
  tx: Tx,
  { reversalId, ...act }: Act & { readonly reversalId: string; readonly reason: string },
): Promise<{ readonly reversal: Reversal; readonly work: ReversalWork }> {
  const { transfer, reversal } = await lockNamed(tx, 'reversal', reversalId, lockReversal);
  if (reversal.status !== 'pending') {
    throw new VezaError('reversal_not_open', `A reversal that is ${reversal.status} has ended already.`, {
      status_now: reversal.status,
    });
  }
  const given = await transitionReversal(tx, reversal, 'pending', { givenUpAt: new Date() });
  await writeAuditLog(tx, act, {
    action: 'reversal.give_up',
    subject: reversalWorkflowId(reversalId),
    before: { status: reversal.status, retryCount: reversal.retryCount },
    after: null,
  });
  return { reversal: given, work: reversalLabel(transfer, given) };
}
