import { requestTransferRetry, type TransferWork, type Transfer } from '../../db/marketplace/index.ts';
import { transferWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { lookAtTransfer } from '../look.ts';

export const retryTransfer: Operation<Transfer, TransferWork> = {
  action: 'retry',
  kind: 'transfer',
  snapshot: lookAtTransfer,
  async act(tx, transferId, act) {
    const { transfer, work } = await requestTransferRetry(tx, { transferId, ...act });
    const now = { subject: transferWorkflowId(transfer.id), status: transfer.status };
    return { done: transfer, now, work };
  },
  async notify({ engine }, work) {
    await engine.retryTransfer(work);
    return null;
  },
  describeEffect: ({ status }) =>
    status === 'permanently_failed'
      ? 'A new transfer takes its place. It asks Stripe’s list about the old one, and sends the money only if it is not there.'
      : 'Its next attempt is now. The number of retries stays as it is.',
};
