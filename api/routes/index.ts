import { approveAction } from './approve-action.ts';
import { connectStripeAccount } from './connect-stripe-account.ts';
import { createApiKey } from './create-api-key.ts';
import { createProduct } from './create-product.ts';
import { getMaintenance } from './get-maintenance.ts';
import { getMyBalance } from './get-my-balance.ts';
import { getMyPayout } from './get-my-payout.ts';
import { getMyStatement } from './get-my-statement.ts';
import { getOrder } from './get-order.ts';
import { getRefund } from './get-refund.ts';
import { getStory } from './get-story.ts';
import { getStripeAccount } from './get-stripe-account.ts';
import { health } from './health.ts';
import { hyperswitchWebhook } from './hyperswitch-webhook.ts';
import { linkStripeAccount } from './link-stripe-account.ts';
import { listApprovals } from './list-approvals.ts';
import { listApiKeys } from './list-api-keys.ts';
import { listFlags } from './list-flags.ts';
import { listMyPayouts } from './list-my-payouts.ts';
import { listOrders } from './list-orders.ts';
import { listPayouts } from './list-payouts.ts';
import { listProducts } from './list-products.ts';
import { listRefunds } from './list-refunds.ts';
import { listReversals } from './list-reversals.ts';
import { listStatementExceptions } from './list-statement-exceptions.ts';
import { listStatements } from './list-statements.ts';
import { listStuck } from './list-stuck.ts';
import { listTransfers } from './list-transfers.ts';
import { listWebhookEvents } from './list-webhook-events.ts';
import { performAction } from './perform-action.ts';
import { performBulk } from './perform-bulk.ts';
import { placeOrder } from './place-order.ts';
import { previewAction } from './preview-action.ts';
import { previewBulk } from './preview-bulk.ts';
import { ready } from './ready.ts';
import { reconcile } from './reconcile.ts';
import { rejectAction } from './reject-action.ts';
import { replayWebhook } from './replay-webhook.ts';
import { requestPayout } from './request-payout.ts';
import { requestRefund } from './request-refund.ts';
import { giveBack } from './give-back.ts';
import { resolveReversal } from './resolve-reversal.ts';
import { resolveTransfer } from './resolve-transfer.ts';
import { resolveStatementException } from './resolve-statement-exception.ts';
import { retryReversal } from './retry-reversal.ts';
import { returnRefund } from './return-refund.ts';
import { retryTransfer } from './retry-transfer.ts';
import { revokeApiKey } from './revoke-api-key.ts';
import { streamRefundEvents } from './stream-refund-events.ts';
import { switchMaintenance } from './switch-maintenance.ts';
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
  streamRefundEvents,
  getMyBalance,
  getMyStatement,
  requestPayout,
  listMyPayouts,
  getMyPayout,
  connectStripeAccount,
  linkStripeAccount,
  getStripeAccount,
  listTransfers,
  retryTransfer,
  listReversals,
  retryReversal,
  giveBack,
  resolveReversal,
  resolveTransfer,
  returnRefund,
  listPayouts,
  listWebhookEvents,
  replayWebhook,
  listFlags,
  listStuck,
  getStory,
  previewAction,
  performAction,
  previewBulk,
  performBulk,
  listApprovals,
  approveAction,
  rejectAction,
  reconcile,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  getMaintenance,
  switchMaintenance,
  listStatements,
  listStatementExceptions,
  resolveStatementException,
  hyperswitchWebhook,
  stripeWebhook,
] as const;

/** For whoever runs the process. */
export const SERVICE_ROUTES = [health, ready] as const;
