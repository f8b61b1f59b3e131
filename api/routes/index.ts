import { createProduct } from './create-product.ts';
import { getMyBalance } from './get-my-balance.ts';
import { getOrder } from './get-order.ts';
import { getRefund } from './get-refund.ts';
import { health } from './health.ts';
import { hyperswitchWebhook } from './hyperswitch-webhook.ts';
import { listFlags } from './list-flags.ts';
import { listOrders } from './list-orders.ts';
import { listProducts } from './list-products.ts';
import { listRefunds } from './list-refunds.ts';
import { listReversals } from './list-reversals.ts';
import { listTransfers } from './list-transfers.ts';
import { listWebhookEvents } from './list-webhook-events.ts';
import { placeOrder } from './place-order.ts';
import { ready } from './ready.ts';
import { requestRefund } from './request-refund.ts';
import { retryReversal } from './retry-reversal.ts';
import { retryTransfer } from './retry-transfer.ts';
import { stripeWebhook } from './stripe-webhook.ts';

/** Under /api/v1, in the order of the reference page. */
export const V1_ROUTES = [
  createProduct,
  listProducts,
  placeOrder,
  listOrders,
  getOrder,
  requestRefund,
  listRefunds,
  getRefund,
  getMyBalance,
  listTransfers,
  retryTransfer,
  listReversals,
  retryReversal,
  listWebhookEvents,
  listFlags,
  hyperswitchWebhook,
  stripeWebhook,
] as const;

/** For whoever runs the process. */
export const SERVICE_ROUTES = [health, ready] as const;
