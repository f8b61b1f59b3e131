import { noWorker, statementExceptions, webhookUnmatched } from './at-our-side.ts';
import {
  payoutWebhookLost,
  reversalBackoff,
  reversalGivenUp,
  sellerFundsShort,
  stripeKeyRefused,
  transferWithoutAccount,
  transferWithoutId,
  workflowTerminated,
} from './at-stripe.ts';
import {
  disputeOpen,
  giveBackRefused,
  paymentWebhookLost,
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
  refundWaitsForPsp,
  refundNeverAnswered,
  refundWebhookLost,
  paymentWebhookLost,
  workflowTerminated,
  refundOrphan,
  reversalGivenUp,
  transferWithoutId,
  giveBackRefused,
  disputeOpen,
  webhookUnmatched,
  statementExceptions,
  noWorker,
];
