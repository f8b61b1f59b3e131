import { z } from 'zod';
import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import {
  giveBackAgain,
  isSuspended,
  lockOrder,
  readRefundableOrder,
  type Refund,
  refundAsOperator,
  refundLabel,
} from '../../db/marketplace/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import {
  decideRefund,
  ORDER_ACTIONS,
  type RefundAsk,
  refundWorkflowId,
} from '../../domain/marketplace/index.ts';
import { reasonOf } from '../acting.ts';
import type { OperationsDeps } from '../deps.ts';
import type { RowAction, Snapshot } from '../row-kind.ts';

/** A part of an order: an amount in minor units, or whole items. Neither: all that is left. */
const Part = z.strictObject({ amount: z.unknown().optional(), itemIds: z.array(z.string()).optional() });
type Part = Pick<RefundAsk, 'amount' | 'itemIds'>;
interface StartWork {
  readonly refundId: string;
  readonly label: ReturnType<typeof refundLabel>;
}

async function start({ engine }: OperationsDeps, { refundId, label }: StartWork): Promise<null> {
  await engine.startRefund(refundId, label);
  return null;
}

const nowOf = ({ id, status }: Refund) => ({ subject: refundWorkflowId(id), status });

/** An admin refunds somebody else's order, or a part of it. */
export const refundPart = (part: Part): RowAction<Refund, StartWork> => ({
  action: 'refund',
  kind: 'order',
  refusals: [
    'order_not_found',
    'refund_already_requested',
    'order_not_refundable',
    'order_has_no_payment',
    'order_disputed',
    'refund_window_expired',
    'refund_amount_invalid',
  ],
  snapshot: (tx, orderId) => snapshotOfRefund(tx, orderId, part),
  async act(tx, orderId, act, { purchases }) {
    const of = { kind: 'order', id: orderId } as const;
    const refund = await refundAsOperator(tx, { of, ...part, ...act }, purchases);
    return { done: refund, now: nowOf(refund), work: { refundId: refund.id, label: refundLabel(refund) } };
  },
  notify: start,
  describeEffect: (standing) => effectOf(ORDER_ACTIONS.refund, standing),
  ...(Object.keys(part).length > 0 && { params: part }),
  askedWith(params) {
    const { amount, itemIds } = Part.parse(params);
    return refundPart({ ...(amount !== undefined && { amount }), ...(itemIds !== undefined && { itemIds }) });
  },
});

/** The amount of the refund; none where it is refused, for which `act` gives the reason. */
async function snapshotOfRefund(tx: Tx, orderId: string, part: Part): Promise<Snapshot> {
  const { status } = await lockNamed(tx, 'order', orderId, lockOrder);
  const order = await readRefundableOrder(tx, orderId);
  if (order === null) throw new VezaError('order_not_found', `There is no order ${orderId}.`);
  // Any admin may refund: the transaction around this has checked the actor.
  const decision = decideRefund(order, { caller: { userId: '', role: 'admin' }, ...part }, Date.now());
  if ('refusal' in decision) return { status, money: null };
  return { status, money: { amountMinor: decision.plan.amountMinor, currency: order.currency } };
}

export const giveBack: RowAction<Refund, StartWork> = {
  action: 'give_back',
  kind: 'order',
  refusals: ['order_not_found', 'order_not_refundable', 'refund_already_requested'],
  /** The money of a payment that no order took; none where the order has its payment. */
  async snapshot(tx, orderId) {
    const order = await lockNamed(tx, 'order', orderId, lockOrder);
    const { capturedMinor, capturedCurrency, refundedMinor, status } = order;
    if (!isSuspended(order) || capturedMinor === null || capturedCurrency === null)
      return { status, money: null };
    return { status, money: { amountMinor: capturedMinor - refundedMinor, currency: capturedCurrency } };
  },
  async act(tx, orderId, act) {
    const { refund, label } = await giveBackAgain(tx, { orderId, ...act, reason: reasonOf(act) });
    return { done: refund, now: nowOf(refund), work: { refundId: refund.id, label } };
  },
  notify: start,
  describeEffect: (standing) => effectOf(ORDER_ACTIONS.give_back, standing),
};
