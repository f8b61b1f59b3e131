import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Hint } from '../../domain/kernel/index.ts';
import type { PayoutOpening, PayoutReport } from '../../domain/payouts/messages.ts';
import type { OnboardingAnswer, OnboardingAsk } from '../../domain/sellers/index.ts';

// The engine's messages to these workflows. Running ones listen to the names, so these never change.

export const payoutOpened = defineUpdate<PayoutOpening>('payoutOpened');
export const payoutWord = defineSignal<[Hint<PayoutReport>]>('payoutWord');

export const onboard = defineUpdate<OnboardingAnswer, [OnboardingAsk]>('onboard');
export const accountChanged = defineSignal('accountChanged');
