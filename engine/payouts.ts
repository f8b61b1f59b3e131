import {
  type WorkflowClient,
  WithStartWorkflowOperation,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { onboardingWorkflowId, type OnboardingAnswer, type OnboardingAsk } from '../domain/sellers/index.ts';
import {
  payoutWorkflowId,
  type PayoutOpening,
  type PayoutRequest,
  type PayoutWord,
} from '../domain/payouts/index.ts';
import { type Hint, formatMoney } from '../domain/kernel/index.ts';
import type { onboarding, payout } from '../workflows/index.ts';
import { attributes } from './attributes.ts';
import { CALL_DEADLINE_MS, REUSABLE, UPDATE_DEADLINE_MS, type Within } from './policies.ts';

/** For the eyes of operators. Minor units. */
export interface PayoutLabel {
  readonly payoutId: string;
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Money on its way to sellers' banks, and their accounts at Stripe. */
export interface SellerEngine {
  /** Starts the payout's workflow, or joins the one that runs, and waits until its money is set aside. */
  requestPayout(request: PayoutRequest, label: Omit<PayoutLabel, 'payoutId'>): Promise<PayoutOpening>;
  /** Starts the workflow of a payout that is already a row; does nothing where it runs. */
  startPayout(label: PayoutLabel): Promise<void>;
  /** Wakes a payout that waits: its next attempt, or its look at Stripe, is now. Starts its workflow where none runs. */
  retryPayout(label: PayoutLabel): Promise<void>;
  /** Hints at Stripe's word to the payout's workflow; starts one where none runs, also days later. */
  tellPayout(label: PayoutLabel, word: Hint<PayoutWord>): Promise<void>;
  /** Has the seller's account made and linked at Stripe, and waits for it. */
  onboardSeller(userId: string, ask: OnboardingAsk): Promise<OnboardingAnswer>;
  /** Stripe has news of the seller's account: its workflow reads it there. Starts one where none runs. */
  tellAccountChanged(userId: string): Promise<void>;
}

export function sellerEngine(workflows: WorkflowClient, within: Within, taskQueue: string): SellerEngine {
  const payoutStart = (request: PayoutRequest, label: Omit<PayoutLabel, 'payoutId'>) =>
    ({
      workflowId: payoutWorkflowId(request.payoutId),
      taskQueue,
      args: [request],
      ...REUSABLE,
      staticSummary: `Pay out ${formatMoney(label.amountMinor, label.currency)} to seller ${label.sellerId}`,
      typedSearchAttributes: attributes({
        VezaSellerId: label.sellerId,
        VezaStatus: 'pending',
        VezaAmountMinor: label.amountMinor,
        VezaCurrency: label.currency,
        VezaRetryCount: 0,
      }),
    }) satisfies WorkflowStartOptions<typeof payout>;

  const onboardingStart = (userId: string) =>
    ({
      workflowId: onboardingWorkflowId(userId),
      taskQueue,
      args: [{ userId }],
      ...REUSABLE,
      staticSummary: `Stripe account of seller ${userId}`,
      typedSearchAttributes: attributes({ VezaSellerId: userId }),
    }) satisfies WorkflowStartOptions<typeof onboarding>;

  const signalPayout = (label: PayoutLabel, signal: string, signalArgs: Hint<PayoutWord>[]) =>
    within(CALL_DEADLINE_MS, async () => {
      await workflows.signalWithStart<typeof payout, Hint<PayoutWord>[]>('payout', {
        ...payoutStart({ payoutId: label.payoutId }, label),
        signal,
        signalArgs,
      });
    });

  return {
    requestPayout: (request, label) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof payout, PayoutOpening, []>('payoutOpened', {
          // A fresh id each time: the workflow gives every caller the one answer, and a closed refusal is not replayed.
          updateId: uuidv7(),
          startWorkflowOperation: new WithStartWorkflowOperation('payout', payoutStart(request, label)),
        }),
      ),
    startPayout: (label) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof payout>('payout', payoutStart({ payoutId: label.payoutId }, label));
      }),
    retryPayout: (label) => signalPayout(label, 'retryNow', []),
    tellPayout: (label, word) => signalPayout(label, 'payoutWord', [word]),
    onboardSeller: (userId, ask) =>
      within(UPDATE_DEADLINE_MS, () =>
        workflows.executeUpdateWithStart<typeof onboarding, OnboardingAnswer, [OnboardingAsk]>('onboard', {
          updateId: uuidv7(),
          args: [ask],
          startWorkflowOperation: new WithStartWorkflowOperation('onboarding', onboardingStart(userId)),
        }),
      ),
    tellAccountChanged: (userId) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.signalWithStart<typeof onboarding>('onboarding', {
          ...onboardingStart(userId),
          signal: 'accountChanged',
          signalArgs: [],
        });
      }),
  };
}
