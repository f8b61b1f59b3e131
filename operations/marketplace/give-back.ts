import { type Refund, giveBackAgain } from '../../db/marketplace/index.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { Operation } from '../action.ts';
import { reasonOf } from '../reason.ts';
import { lookAtOrder } from '../look.ts';

type Label = Awaited<ReturnType<typeof giveBackAgain>>['label'];

export const giveBack: Operation<Refund, { readonly refundId: string; readonly label: Label }> = {
  action: 'give_back',
  kind: 'order',
  snapshot: lookAtOrder,
  async act(tx, orderId, act) {
    const { refund, label } = await giveBackAgain(tx, { orderId, ...act, reason: reasonOf(act) });
    const now = { subject: refundWorkflowId(refund.id), status: refund.status };
    return { done: refund, now, work: { refundId: refund.id, label } };
  },
  async notify({ engine }, { refundId, label }) {
    await engine.startRefund(refundId, label);
    return null;
  },
  describeEffect: () => 'A new refund gives the buyer back all that is still held of the payment.',
};
