import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Attempt } from '../../domain/kernel/messages.ts';

// Messages to every workflow that attempts something until it succeeds. Running workflows listen to the names, so
// these never change.

export const retryNow = defineSignal('retryNow');
export const giveUp = defineSignal<[reason: string]>('giveUp');
export const state = defineQuery<Attempt<string>>('state');
