import { z } from 'zod';
import {
  type Refund,
  readRefundableOrder,
  refundLabel,
  lockOrder,
  refundAsOperator,
} from '../../db/marketplace/index.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import { decideRefund, type RefundAsk, refundWorkflowId } from '../../domain/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { Tx } from '../../db/client.ts';
import type { Operation, Standing } from '../action.ts';

/** A part of an order: an amount in minor units, or whole items. Neither: all that is left. */
const Part = z.strictObject({ amount: z.unknown().optional(), itemIds: z.array(z.string()).optional() });
type Part = Pick<RefundAsk, 'amount' | 'itemIds'>;
type Work = { readonly refundId: string; readonly label: ReturnType<typeof refundLabel> };

/** An admin refunds somebody else's order, or a part of it. */
export const refundPart = (part: Part): Operation<Refund, Work> => ({
  action: 'refund',
  kind: 'order',
  snapshot: (tx, orderId) => lookAt(tx, orderId, part),
  async act(tx, orderId, act, { purchases }) {
    const refund = await refundAsOperator(
      tx,
      { of: { kind: 'order', id: orderId }, ...part, ...act },
      purchases,
    );
    const now = { subject: refundWorkflowId(refund.id), status: refund.status };
    return { done: refund, now, work: { refundId: refund.id, label: refundLabel(refund) } };
  },
  async notify({ engine }, { refundId, label }) {
    await engine.startRefund(refundId, label);
    return null;
  },
  describeEffect: () => 'A refund of the amount is opened, and the payment provider is asked for it.',
  ...(Object.keys(part).length > 0 && { params: part }),
  askedWith(params) {
    const { amount, itemIds } = Part.parse(params);
    return refundPart({ ...(amount !== undefined && { amount }), ...(itemIds !== undefined && { itemIds }) });
  },
});

/** Refunds all that is left, unless there are further parameters. */
export const refundOrder = refundPart({});

/** The amount of the refund; none where it is refused, for which `act` gives the reason. */
async function lookAt(tx: Tx, orderId: string, part: Part): Promise<Standing> {
  const { status } = await lockNamed(tx, 'order', orderId, lockOrder);
  const order = await readRefundableOrder(tx, orderId);
  if (order === null) throw new VezaError('order_not_found', `There is no order ${orderId}.`);
  // Any admin may refund: the transaction around this has checked the actor.
  const decision = decideRefund(order, { caller: { userId: '', role: 'admin' }, ...part }, Date.now());
  if ('refusal' in decision) return { status, money: null };
  return { status, money: { amountMinor: decision.plan.amountMinor, currency: order.currency } };
}
