import { getOrder } from './get-order.ts';
import { getRefund } from './get-refund.ts';
import { listOrders } from './list-orders.ts';
import { listRefunds } from './list-refunds.ts';
import { listReversals } from './list-reversals.ts';
import { listTransfers } from './list-transfers.ts';
import { placeOrder } from './place-order.ts';
import { requestRefund } from './request-refund.ts';
import { streamRefundEvents } from './stream-refund-events.ts';

/** In the order of the reference page. */
export const MARKETPLACE_ROUTES = [
  placeOrder,
  listOrders,
  getOrder,
  requestRefund,
  listRefunds,
  getRefund,
  streamRefundEvents,
  listTransfers,
  listReversals,
] as const;
