import { type Refund, type TransferWork, returnRefund } from '../../db/marketplace/index.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtReturn } from '../look.ts';

export const markReturned: Operation<Refund, readonly TransferWork[]> = {
  action: 'mark_returned',
  kind: 'refund',
  snapshot: lookAtReturn,
  async act(tx, refundId, act, { purchases }) {
    const { refund, transfers } = await returnRefund(
      tx,
      { refundId, ...act, reason: reasonOf(act) },
      purchases,
    );
    const now = { subject: refundWorkflowId(refundId), status: refund.status };
    return { done: refund, now, work: transfers };
  },
  async notify({ engine }, transfers) {
    for (const transfer of transfers) await engine.retryTransfer(transfer);
    if (transfers.length === 0) return null;
    return { note: `${transfers.length} transfers to sellers were started again.` };
  },
  describeEffect: () =>
    'The books of the refund are reverted, the licences stand again, and sellers are sent again what they gave back.',
};
