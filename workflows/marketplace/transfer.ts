import {
  continueAsNew,
  patched,
  proxyActivities,
  setHandler,
  workflowInfo,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { TRANSFER_ACTIONS } from '../../domain/marketplace/actions.ts';
import { transferKey } from '../../domain/marketplace/ids.ts';
import type { TransferStatus } from '../../domain/marketplace/transfer-machine.ts';
import { actionsInTemporal, type Attempt } from '../../domain/kernel/index.ts';
import {
  Mailbox,
  attemptStripe,
  MOVES_TO_NEW_VERSIONS,
  show,
  firstAttempt,
  showAsking,
  showEnded,
  showWaiting,
  untilDue,
  catchStraySignals,
  retryNow,
  settleMessages,
  state,
} from '../kernel/index.ts';
import { outsideReversals } from './messages.ts';

const { attemptTransfer } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe for the transfer',
});
const { bookOutsideReversals } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Books reversals that were made at Stripe',
});

export interface TransferRequest {
  readonly transferId: string;
  /** The generation of the idempotency key; kept when the workflow continues as new. */
  readonly generation?: number;
}

const ACTIONS = [
  ...actionsInTemporal(TRANSFER_ACTIONS),
  'Connect the seller’s Stripe account, or top up the platform’s balance, if that is what it waits for.',
];

/** Sends a seller's share of an order, and asks again until Stripe has it or the retries are exhausted. */
export async function transfer({
  transferId,
  generation = 1,
}: TransferRequest): Promise<{ status: TransferStatus }> {
  const outside = new Mailbox<string>();
  const first = firstAttempt(transferKey(transferId, generation), generation);
  let attempt: Attempt<TransferStatus> | null = null;
  let woken = false;
  setHandler(retryNow, () => void (woken = true));
  setHandler(outsideReversals, (stripeTransferId) => outside.put(stripeTransferId));
  setHandler(state, () => attempt ?? first);
  const strays = catchStraySignals();
  // Older histories booked it only after their last attempt.
  const isTold = () => !outside.isEmpty && patched('outside-reversals-first');
  const bookOutside = async () => {
    for (let seen = outside.take(); seen; seen = outside.take()) await bookOutsideReversals(transferId, seen);
  };

  showAsking(first, 'The transfer');
  let nextGeneration = generation;
  for (;;) {
    // The webhook's report is booked before an attempt, which would otherwise start reversals that others have
    // covered.
    if (isTold()) await bookOutside();
    const now = woken;
    woken = false;
    attempt = await attemptTransfer({ transferId, generation: nextGeneration, now });
    if (attempt.ended) break;
    nextGeneration = attempt.generation;
    if (attempt.retryCount > 0) show({ VezaStatus: 'failed' });
    showWaiting(attempt, 'The transfer', ACTIONS);
    await untilDue(attempt, () => woken || isTold());
    // A seller without an account may wait for a year, with an attempt each hour.
    if (workflowInfo().continueAsNewSuggested) {
      await settleMessages(strays);
      // A message that came while the others were settled would be lost with this run.
      if (!woken && outside.isEmpty)
        await continueAsNew<typeof transfer>({ transferId, generation: nextGeneration });
    }
  }
  showEnded(attempt, attempt.status);

  do {
    await bookOutside();
    await settleMessages(strays);
  } while (!outside.isEmpty);
  return { status: attempt.status };
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, transfer);
