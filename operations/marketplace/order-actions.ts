import { z } from 'zod';
import type { Refund } from '../../db/marketplace/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { ORDER_ACTIONS, type RefundAsk } from '../../domain/marketplace/index.ts';
import { paramsOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import { refundPurchase, type StartWork } from './refund-purchase.ts';

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
