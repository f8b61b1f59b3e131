import { endHeldRefund, type EndedRefund, refundLabel, type Refund } from '../../db/marketplace/index.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import type { OperationsDeps } from '../deps.ts';
import { reasonOf } from '../reason.ts';
import { lookAtRefund } from '../look.ts';

export interface HeldWork {
  readonly refundId: string;
  readonly label: ReturnType<typeof refundLabel>;
  readonly settled: EndedRefund['settled'];
}

export const settleRefundOutside: Operation<Refund, HeldWork> = {
  action: 'settled_outside',
  kind: 'refund',
  snapshot: lookAtRefund,
  async act(tx, refundId, act, { purchases }) {
    const ask = { refundId, to: 'settled', ...act, reason: reasonOf(act) } as const;
    const { refund, settled } = await endHeldRefund(tx, ask, purchases);
    const now = { subject: refundWorkflowId(refundId), status: refund.status };
    return { done: refund, now, work: { refundId, label: refundLabel(refund), settled } };
  },
  async notify(deps, work) {
    await tellEnded(deps, work, 'succeeded');
    return null;
  },
  describeEffect: () =>
    'The refund is booked as it was asked for: the buyer has that money, whatever the PSP calls it. Sellers give their shares back.',
};

/** The refund's workflow finds the row ended; follow-up work is started at once, even while the PSP cannot be read. */
export async function tellEnded(
  { engine }: OperationsDeps,
  { refundId, label, settled }: HeldWork,
  status: 'succeeded' | 'failed',
): Promise<void> {
  for (const reversal of settled.reversals) await engine.startReversal(reversal);
  for (const transfer of settled.transfers) await engine.retryTransfer(transfer);
  await engine.notifyRefund(refundId, { status, providerRefundId: null, message: null }, label);
}
