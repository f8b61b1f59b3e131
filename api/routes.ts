import { approveAction } from './approvals/approve-action.ts';
import { connectStripeAccount } from './payouts/connect-stripe-account.ts';
import { createApiKey } from './accounts/create-api-key.ts';
import { createProduct } from './catalog/create-product.ts';
import { getMaintenance } from './operators/get-maintenance.ts';
import { getMyBalance } from './payouts/get-my-balance.ts';
import { getMyPayout } from './payouts/get-my-payout.ts';
import { getMyStatement } from './payouts/get-my-statement.ts';
import { getOrder } from './marketplace/get-order.ts';
import { getRefund } from './marketplace/get-refund.ts';
import { getStory } from './operators/get-story.ts';
import { getStripeAccount } from './payouts/get-stripe-account.ts';
import { health } from './kernel/health.ts';
import { hyperswitchWebhook } from './webhooks/hyperswitch-webhook.ts';
import { linkStripeAccount } from './payouts/link-stripe-account.ts';
import { listApprovals } from './approvals/list-approvals.ts';
import { listApiKeys } from './accounts/list-api-keys.ts';
import { listFlags } from './operators/list-flags.ts';
import { listMyPayouts } from './payouts/list-my-payouts.ts';
import { listOrders } from './marketplace/list-orders.ts';
import { listPayouts } from './payouts/list-payouts.ts';
import { listProducts } from './catalog/list-products.ts';
import { listRefunds } from './marketplace/list-refunds.ts';
import { listReversals } from './marketplace/list-reversals.ts';
import { listStatementExceptions } from './settlements/list-statement-exceptions.ts';
import { listStatements } from './settlements/list-statements.ts';
import { listStuck } from './operators/list-stuck.ts';
import { listTransfers } from './marketplace/list-transfers.ts';
import { listWebhookEvents } from './webhooks/list-webhook-events.ts';
import { performAction } from './operators/perform-action.ts';
import { performBulk } from './operators/perform-bulk.ts';
import { placeOrder } from './marketplace/place-order.ts';
import { previewAction } from './operators/preview-action.ts';
import { previewBulk } from './operators/preview-bulk.ts';
import { ready } from './kernel/ready.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { rejectAction } from './approvals/reject-action.ts';
import { replayWebhook } from './webhooks/replay-webhook.ts';
import { requestPayout } from './payouts/request-payout.ts';
import { requestRefund } from './marketplace/request-refund.ts';
import { giveBack } from './operators/give-back.ts';
import { resolveReversal } from './operators/resolve-reversal.ts';
import { resolveTransfer } from './operators/resolve-transfer.ts';
import { resolveStatementException } from './settlements/resolve-statement-exception.ts';
import { retryReversal } from './operators/retry-reversal.ts';
import { returnRefund } from './operators/return-refund.ts';
import { retryTransfer } from './operators/retry-transfer.ts';
import { revokeApiKey } from './accounts/revoke-api-key.ts';
import { streamRefundEvents } from './marketplace/stream-refund-events.ts';
import { switchMaintenance } from './operators/switch-maintenance.ts';
import { stripeWebhook } from './webhooks/stripe-webhook.ts';

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
