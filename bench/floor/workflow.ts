import {
  allHandlersFinished,
  condition,
  defineSignal,
  defineUpdate,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { FloorActivities } from './worker.ts';

export const openUpdate = defineUpdate<string, [string]>('open');
export const toldSignal = defineSignal<[string]>('told');

const { openInOneTransaction } = proxyLocalActivities<FloorActivities>({ startToCloseTimeout: '10s' });

/** The least that an acknowledged refund can be: one update, answered after one local activity. */
export async function openOnly(): Promise<void> {
  let opened = false;
  setHandler(openUpdate, async (orderId) => {
    const refundId = await openInOneTransaction(orderId);
    opened = true;
    return refundId;
  });
  await condition(() => opened && allHandlersFinished());
}

/** The least that a webhook can tell: one signal. */
export async function toldOnce(): Promise<void> {
  let told = false;
  setHandler(toldSignal, () => {
    told = true;
  });
  await condition(() => told);
}
