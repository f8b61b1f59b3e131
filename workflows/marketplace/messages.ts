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

// What the engine says to these workflows. Running ones listen to the names: they never change.

export const placed = defineUpdate<OrderPlacing>('placed');
export const payment = defineSignal<[Hint<PaymentReport>]>('payment');
export const outside = defineSignal<[Hint<OutsideEvent>]>('outside');

export const opened = defineUpdate<RefundOpening>('opened');
export const verdict = defineSignal<[Hint<RefundReport>]>('verdict');
/** An operator wants a refund ended that the PSP never answered: it is looked for, and asked for no more. */
export const endAsking = defineUpdate<RefundLook>('endAsking');
export const waitingForProvider =
  defineSignal<[{ attempt: number; lastError: string }]>('waitingForProvider');
/** Of orders and refunds: the call to the PSP. */
export const pspCall = defineQuery<PspCall>('state');

export const outsideReversals = defineSignal<[stripeTransferId: string]>('outsideReversals');
/** A person had ended the reversal, and asks whether Stripe carried it out after all. */
export const adopt = defineUpdate<ReversalAdoption>('adopt');

export const backfillProgress = defineQuery<BackfillProgress>('progress');
