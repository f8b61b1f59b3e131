import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../../client.ts';
import { transitionTransferUnread } from '../transfers/transition.ts';
import { type Transfer, transferReversals } from '../transfers/schema.ts';
import { reversalLabel, type ReversalWork } from '../labels.ts';

/** Opens the reversal of a refund's share of a transfer that went out. The transfer must be locked. */
export async function openReversal(
  tx: Tx,
  transfer: Transfer,
  refundId: string,
  amountMinor: number,
): Promise<ReversalWork> {
  const nextRetryAt = new Date();
  const id = uuidv7();
  await tx
    .insert(transferReversals)
    .values({ id, transferId: transfer.id, refundId, amountMinor, nextRetryAt });
  // A transfer that failed for good stays so; the new share is still attempted, by its own row.
  if (transfer.status === 'completed' || transfer.status === 'reversal_pending') {
    const before = transfer.nextRetryAt ?? nextRetryAt;
    await transitionTransferUnread(tx, transfer, 'reversal_pending', {
      nextRetryAt: before < nextRetryAt ? before : nextRetryAt,
    });
  }
  return reversalLabel(transfer, { id, refundId, amountMinor });
}
