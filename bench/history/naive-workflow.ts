import {
  condition,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { NaiveActivities } from './naive.ts';

export const naiveOpened = defineUpdate<string>('opened');
export const naiveTold = defineSignal('told');

const { open, askPsp, settle, reverse } = proxyActivities<NaiveActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '10ms', backoffCoefficient: 1 },
});

/** How often each side fails before it answers. */
export interface NaiveRefund {
  readonly id: string;
  readonly pspFailures: number;
  readonly stripeFailures: number;
}

/** A refund as Temporal's samples would have it: each step an activity, the reversal a child, and timers around waits. */
export async function naiveRefund(refund: NaiveRefund): Promise<void> {
  let opened = false;
  let told = false;
  setHandler(naiveTold, () => void (told = true));
  setHandler(naiveOpened, async () => {
    await condition(() => opened);
    return refund.id;
  });
  await open(refund.id);
  opened = true;
  await askPsp(refund.id, refund.pspFailures);
  await condition(() => told, '1 day');
  await settle(refund.id);
  await executeChild(naiveReversal, { workflowId: `naive-reversal/${refund.id}`, args: [refund] });
}

export async function naiveReversal({ id, stripeFailures }: NaiveRefund): Promise<void> {
  for (let attempt = 0; !(await reverse(id, attempt >= stripeFailures)); attempt += 1) await sleep(10);
}
