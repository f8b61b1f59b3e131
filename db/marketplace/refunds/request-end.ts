import { VezaError } from '../../../domain/errors.ts';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import type { Refund } from './schema.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { lockNamedRefund } from '../lock.ts';
import type { Purchases } from '../purchase.ts';

/**
 * An operator wants to end a refund that the PSP never answered. Nothing changes yet: its workflow looks at the PSP
 * first. Throws `refund_not_found`, `refund_not_open`, and `refund_known_to_psp` where the PSP's report has to be
 * awaited.
 */
export async function requestRefundEnd(
  tx: Tx,
  { refundId, ...act }: Act & { readonly refundId: string; readonly reason: string },
  purchases: Purchases,
): Promise<Refund> {
  const { refund } = await lockNamedRefund(tx, refundId, purchases);
  const { status, hyperswitchRefundId, existsBy, askedAt, givenUpAt } = refund;
  if (status !== 'pending') {
    throw new VezaError('refund_not_open', `A refund that is ${status} has ended already.`, {
      status_now: status,
    });
  }
  if (hyperswitchRefundId !== null || existsBy !== null) throw knownToPsp(existsBy);
  await writeAuditLog(tx, act, {
    action: 'refund.give_up',
    subject: refundWorkflowId(refundId),
    before: { status, askedAt, givenUpAt },
    after: null,
  });
  return refund;
}

export const knownToPsp = (existsBy: string | null) =>
  new VezaError(
    'refund_known_to_psp',
    existsBy === null
      ? 'The PSP has this refund: its webhook decides, and sweeps ask the PSP in case that was lost.'
      : `The PSP refused to make this refund since it has it (${existsBy}), and may still pay it: ask the PSP why it does not show it.`,
  );
