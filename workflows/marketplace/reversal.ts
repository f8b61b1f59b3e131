import {
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { REVERSAL_ACTIONS } from '../../domain/marketplace/actions.ts';
import { reversalKey } from '../../domain/marketplace/ids.ts';
import type { ReversalStatus } from '../../domain/marketplace/reversal-machine.ts';
import { actionsInTemporal, type Attempt } from '../../domain/kernel/index.ts';
import { REVERSAL_AT_WORK, type ReversalAdoption } from '../../domain/marketplace/messages.ts';
import {
  attemptStripe,
  attemptStripeDirectly,
  MOVES_TO_NEW_VERSIONS,
  firstAttempt,
  showAsking,
  showEnded,
  showWaiting,
  untilDue,
  catchStraySignals,
  giveUp,
  retryNow,
  settleMessages,
  state,
} from '../kernel/index.ts';
import { adopt } from './messages.ts';

const { attemptReversal } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe for the reversal',
});
const { giveUpReversal } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Gives the reversal up, unless Stripe has it',
});
const { adoptReversal } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Looks whether Stripe carried out what a person had ended',
});
const { attemptReversalDirectly } = proxyLocalActivities<Activities>(attemptStripeDirectly);

export interface ReversalRequest {
  readonly reversalId: string;
  /** The generation of the idempotency key; kept when the workflow continues as new. */
  readonly generation?: number;
}

const ACTIONS = actionsInTemporal(REVERSAL_ACTIONS);

/** Takes a refund's share of a transfer back from its seller, with retries that outlast Stripe's bad days. */
export async function reversal({
  reversalId,
  generation = 1,
}: ReversalRequest): Promise<{ status: ReversalStatus }> {
  const beginning = firstAttempt(reversalKey(reversalId, generation), generation);
  let attempt: Attempt<ReversalStatus> | null = null;
  let woken = false;
  let givenUp: string | undefined;
  setHandler(retryNow, () => void (woken = true));
  setHandler(giveUp, (reason) => void (givenUp = reason));
  setHandler(state, () => attempt ?? beginning);
  const look = async (): Promise<ReversalAdoption> => {
    await condition(() => attempt?.ended === true);
    const adoption = await adoptReversal(reversalId);
    const { retryCount = 0, idempotencyKey = null } = attempt ?? {};
    attempt = { ended: true, status: adoption.status, message: null, retryCount, idempotencyKey };
    showEnded(attempt, attempt.status);
    return adoption;
  };
  // Refuses to look while attempts go on: the update would wait until the retries end, and would keep the run from
  // continuing as new. A refusal leaves no event.
  const refuseAtWork = () => {
    if (attempt?.ended === false)
      throw ApplicationFailure.nonRetryable('the reversal is still at work', REVERSAL_AT_WORK);
  };
  setHandler(adopt, look, { validator: refuseAtWork });
  const strays = catchStraySignals();

  showAsking(beginning, 'The reversal');
  const first = { reversalId, generation, now: woken };
  woken = false;
  const direct = await attemptReversalDirectly(first);
  attempt = direct === 'queue' ? await attemptReversal(first) : direct;

  while (!attempt.ended) {
    const nextGeneration: number = attempt.generation;
    showWaiting(attempt, 'The reversal', ACTIONS);
    await untilDue(attempt, () => woken || givenUp !== undefined);
    if (workflowInfo().continueAsNewSuggested) {
      await settleMessages(strays);
      // A message that came while the others were settled would be lost with this run.
      if (!woken && givenUp === undefined)
        await continueAsNew<typeof reversal>({ reversalId, generation: nextGeneration });
    }
    const now = woken;
    woken = false;
    attempt =
      givenUp === undefined
        ? await attemptReversal({ reversalId, generation: nextGeneration, now })
        : await giveUpReversal(reversalId, givenUp);
  }
  showEnded(attempt, attempt.status);
  await settleMessages(strays);
  return { status: attempt.status };
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, reversal);
