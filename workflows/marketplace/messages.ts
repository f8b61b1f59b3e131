import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Hint } from '../../domain/kernel/index.ts';
import type { BackfillProgress } from '../../domain/marketplace/backfill.ts';
import type {
  OrderPlacing,
  OutsideEvent,
  PaymentReport,
  PspCall,
  RefundLook,
  RefundOpening,
  RefundReport,
  ReversalAdoption,
} from '../../domain/marketplace/messages.ts';

// The engine's messages to these workflows. Running ones listen to the names, so these never change.

export const placed = defineUpdate<OrderPlacing>('placed');
export const payment = defineSignal<[Hint<PaymentReport>]>('payment');
export const outside = defineSignal<[Hint<OutsideEvent>]>('outside');

export const opened = defineUpdate<RefundOpening>('opened');
export const verdict = defineSignal<[Hint<RefundReport>]>('verdict');
/**
 * An operator wants to end a refund that the PSP never answered: the workflow looks for it, and does not ask for it
 * again.
 */
export const endAsking = defineUpdate<RefundLook>('endAsking');
export const waitingForProvider =
  defineSignal<[{ attempt: number; lastError: string }]>('waitingForProvider');
/** For orders and refunds: how the call to the PSP stands. */
export const pspCall = defineQuery<PspCall>('state');

export const outsideReversals = defineSignal<[stripeTransferId: string]>('outsideReversals');
/** For a reversal that a person had ended: look whether Stripe carried it out after all. */
export const adopt = defineUpdate<ReversalAdoption>('adopt');

export const backfillProgress = defineQuery<BackfillProgress>('progress');
