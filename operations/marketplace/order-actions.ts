import { z } from 'zod';
import { lockNamed } from '../../db/kernel/index.ts';
import { giveBackAgain, isSuspended, lockOrder, type Refund } from '../../db/marketplace/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { ORDER_ACTIONS, type RefundAsk } from '../../domain/marketplace/index.ts';
import { paramsOf, reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import { refundPurchase, startedBy, startRefund, type StartWork } from './refund-purchase.ts';

/** A part of an order: an amount in minor units, or whole items. Neither: all that is left. */
const Part = z.strictObject({ amount: z.unknown().optional(), itemIds: z.array(z.string()).optional() });
type Part = Pick<RefundAsk, 'amount' | 'itemIds'>;

/** An admin refunds somebody else's order, or a part of it. */
export const refundPart = (part: Part): RowAction<Refund, StartWork> => ({
  ...refundPurchase('order', part),
  action: 'refund',
  refusals: [
    'order_not_found',
    'refund_already_requested',
    'order_not_refundable',
    'order_has_no_payment',
    'order_disputed',
    'refund_window_expired',
    'refund_amount_invalid',
  ],
  describeEffect: (standing) => effectOf(ORDER_ACTIONS.refund, standing),
  askedWith(params) {
    const { amount, itemIds } = paramsOf(Part, params);
    return refundPart({ ...(amount !== undefined && { amount }), ...(itemIds !== undefined && { itemIds }) });
  },
});

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
    return startedBy(await giveBackAgain(tx, { orderId, ...act, reason: reasonOf(act) }));
  },
  notify: startRefund,
  describeEffect: (standing) => effectOf(ORDER_ACTIONS.give_back, standing),
};
