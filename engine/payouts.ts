import { formatMoney } from '../domain/kernel/index.ts';
import { payoutWorkflowId, type PayoutRequest } from '../domain/payouts/index.ts';
import { onboardingWorkflowId } from '../domain/sellers/index.ts';
import { retryNow } from '../workflows/kernel/messages.ts';
import { accountChanged, onboard, payoutOpened, payoutWord } from '../workflows/payouts/messages.ts';
import { attributes } from './attributes.ts';
import type { Calls, Start, TaskQueues } from './calls.ts';
import type { PayoutLabel, SellerEngine } from './port/payouts.ts';

export function sellerEngine({ start, tell, ask }: Calls, queues: TaskQueues): SellerEngine {
  const payoutStart = (request: PayoutRequest, label: Omit<PayoutLabel, 'payoutId'>): Start<'payout'> => ({
    type: 'payout',
    workflowId: payoutWorkflowId(request.payoutId),
    taskQueue: queues.stripe,
    args: [request],
    staticSummary: `Pay out ${formatMoney(label.amountMinor, label.currency)} to seller ${label.sellerId}`,
    typedSearchAttributes: attributes({
      VezaSellerId: label.sellerId,
      VezaStatus: 'pending',
      VezaAmountMinor: label.amountMinor,
      VezaCurrency: label.currency,
      VezaRetryCount: 0,
    }),
  });

  const onboardingStart = (userId: string): Start<'onboarding'> => ({
    type: 'onboarding',
    workflowId: onboardingWorkflowId(userId),
    taskQueue: queues.stripe,
    args: [{ userId }],
    staticSummary: `Stripe account of seller ${userId}`,
    typedSearchAttributes: attributes({ VezaSellerId: userId, VezaUserId: userId }),
  });

  /** The start of a payout's workflow when the payout is already a row. */
  const ofRow = (label: PayoutLabel) => payoutStart({ payoutId: label.payoutId }, label);

  return {
    requestPayout: (request, label) => ask(payoutStart(request, label), payoutOpened),
    startPayout: (label) => start(ofRow(label)),
    retryPayout: (label) => tell(ofRow(label), retryNow),
    notifyPayout: (label, word) => tell(ofRow(label), payoutWord, word),
    onboardSeller: (userId, asked) => ask(onboardingStart(userId), onboard, asked),
    notifyAccountChanged: (userId) => tell(onboardingStart(userId), accountChanged),
  };
}
