import {
  payoutWebhookLost,
  reversalBackoff,
  reversalGivenUp,
  sellerFundsShort,
  stripeKeyRefused,
  transferWithoutAccount,
  workflowTerminated,
} from './at-stripe.ts';
import {
  giveBackRefused,
  paymentWebhookLost,
  refundOrphan,
  refundWaitsForPsp,
  refundWebhookLost,
} from './at-the-psp.ts';
import type { Situation } from './situation.ts';

/** The stuck situations of docs/runbook.md, in its order. */
export const SITUATIONS: readonly Situation[] = [
  reversalBackoff,
  sellerFundsShort,
  transferWithoutAccount,
  stripeKeyRefused,
  payoutWebhookLost,
  refundWaitsForPsp,
  refundWebhookLost,
  paymentWebhookLost,
  workflowTerminated,
  refundOrphan,
  reversalGivenUp,
  giveBackRefused,
];
