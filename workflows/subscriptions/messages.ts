import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Hint } from '../../domain/kernel/index.ts';
import type { AskAnswer } from '../../domain/subscriptions/asks.ts';
import type { InvoiceEvent, PaymentNews } from '../../domain/subscriptions/hints.ts';
import type { PhantomProgress } from '../../domain/subscriptions/phantoms.ts';
import type { SubscriptionState } from '../../domain/subscriptions/step.ts';

// The engine's messages to these workflows. Running ones listen to the names, so these never change.

export const subscribe = defineUpdate<AskAnswer, [askId: string]>('subscribe');
export const ask = defineUpdate<AskAnswer, [askId: string]>('ask');
export const payment = defineSignal<[Hint<PaymentNews>]>('payment');
export const outside = defineSignal<[Hint<InvoiceEvent>]>('outside');
export const wake = defineSignal('wake');
export const state = defineQuery<SubscriptionState>('state');

export const phantomProgress = defineQuery<PhantomProgress>('progress');
