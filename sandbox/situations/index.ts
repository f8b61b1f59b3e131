import { noWorker, settlementExceptions, webhookUnmatched } from './at-our-side.ts';
import {
  payoutAccountGone,
  payoutWebhookLost,
  reversalBackoff,
  reversalGivenUp,
  sellerFundsShort,
  stripeKeyRefused,
  transferGivenUp,
  transferWithoutAccount,
  transferWithoutId,
  workflowTerminated,
} from './at-stripe.ts';
import {
  captureDiffers,
  disputeOpen,
  disputeUnbooked,
  giveBackRefused,
  paymentWebhookLost,
  refundHeld,
  refundNeverAnswered,
  refundOrphan,
  refundWaitsForPsp,
  refundWebhookLost,
} from './at-the-psp.ts';
import type { Situation } from './situation.ts';

/** The stuck situations of docs/runbook.md, in its order; the last holds all others up for as long as it lasts. */
export const SITUATIONS: readonly Situation[] = [
  reversalBackoff,
  sellerFundsShort,
  transferWithoutAccount,
  stripeKeyRefused,
  payoutWebhookLost,
  payoutAccountGone,
  refundWaitsForPsp,
  refundNeverAnswered,
  refundWebhookLost,
  paymentWebhookLost,
  workflowTerminated,
  refundOrphan,
  reversalGivenUp,
  transferWithoutId,
  transferGivenUp,
  giveBackRefused,
  refundHeld,
  captureDiffers,
  disputeOpen,
  disputeUnbooked,
  webhookUnmatched,
  settlementExceptions,
  noWorker,
];
