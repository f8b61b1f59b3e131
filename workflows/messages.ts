import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyLocalActivities,
  setDefaultSignalHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type {
  BackfillProgress,
  OrderPlacing,
  OutsideEvent,
  PaymentFact,
  PspCall,
  RefundLook,
  RefundOpening,
  RefundVerdict,
  ReversalAdoption,
} from '../domain/marketplace/index.ts';
import type { Attempt, Hint } from '../domain/kernel/index.ts';
import type { OnboardingAnswer, OnboardingAsk } from '../domain/sellers/index.ts';
import type { PayoutOpening, PayoutWord } from '../domain/payouts/index.ts';
import type { StatementProgress } from '../domain/settlements/index.ts';
import type { ReconcileProgress } from '../domain/reconcile/index.ts';
import { databaseVerb } from './kernel/index.ts';

// The names are the engine's contract with its callers: engine/index.ts uses them, running workflows listen to them.

export const placed = defineUpdate<OrderPlacing>('placed');
export const payment = defineSignal<[Hint<PaymentFact>]>('payment');

export const outside = defineSignal<[Hint<OutsideEvent>]>('outside');

export const opened = defineUpdate<RefundOpening>('opened');
export const verdict = defineSignal<[Hint<RefundVerdict>]>('verdict');
/** An operator wants a refund ended that the PSP never answered: it is looked for, and asked for no more. */
export const endAsking = defineUpdate<RefundLook>('endAsking');
export const waitingForProvider =
  defineSignal<[{ attempt: number; lastError: string }]>('waitingForProvider');

export const payoutOpened = defineUpdate<PayoutOpening>('payoutOpened');
export const payoutWord = defineSignal<[Hint<PayoutWord>]>('payoutWord');

export const onboard = defineUpdate<OnboardingAnswer, [OnboardingAsk]>('onboard');
export const accountChanged = defineSignal('accountChanged');

/** A person had ended the reversal, and asks whether Stripe carried it out after all. */
export const adopt = defineUpdate<ReversalAdoption>('adopt');

export const retryNow = defineSignal('retryNow');
export const giveUp = defineSignal<[reason: string]>('giveUp');
export const outsideReversals = defineSignal<[stripeTransferId: string]>('outsideReversals');
export const state = defineQuery<Attempt<string>>('state');
export const pspCall = defineQuery<PspCall>('state');

export const sweepProgress = defineQuery<ReconcileProgress>('progress');

export const statementProgress = defineQuery<StatementProgress>('progress');

export const backfillProgress = defineQuery<BackfillProgress>('progress');

const { recordStraySignal } = proxyLocalActivities<Activities>(databaseVerb);

/**
 * Takes signals that no handler takes, also those that were buffered: install it after all other handlers. It only
 * keeps their names, since a handler that throws would fail the workflow; `settleMessages` records them.
 */
export function catchStraySignals(): string[] {
  const names: string[] = [];
  setDefaultSignalHandler((name) => {
    names.push(name);
  });
  return names;
}

/** Before a workflow ends: handlers have given their answers, and stray signals are on the operators' list. */
export async function settleMessages(strays: string[]): Promise<void> {
  await condition(allHandlersFinished);
  for (let name = strays.shift(); name !== undefined; name = strays.shift()) {
    await recordStraySignal(workflowInfo().workflowId, name);
  }
}
