import {
  condition,
  continueAsNew,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { PayoutAttempt } from '../../activities/payouts/payout-results.ts';
import { PAYOUT_ACTIONS } from '../../domain/payouts/actions.ts';
import { payoutKey } from '../../domain/payouts/ids.ts';
import type { PayoutStatus } from '../../domain/payouts/payout-machine.ts';
import { actionsInTemporal, type Hint } from '../../domain/kernel/index.ts';
import type {
  OpenedPayout,
  PayoutOpening,
  PayoutRequest,
  PayoutReport,
} from '../../domain/payouts/messages.ts';
import {
  Mailbox,
  attemptStripe,
  databaseVerb,
  UNDERWAY_PAYOUT_LOOK_MS,
  MOVES_TO_NEW_VERSIONS,
  describe,
  show,
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
import { payoutOpened, payoutWord } from './messages.ts';

const { openPayout } = proxyLocalActivities<Activities>(databaseVerb);
const { attemptPayout } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe for the payout',
});
const { giveUpPayout } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Gives the payout up, unless Stripe has it',
});
const { lookUpPayout } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe how the payout stands',
});
const { settlePayout } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Books what Stripe says of the payout',
});

export type PayoutOutcome = { readonly status: PayoutStatus | 'refused'; readonly reason?: string };

/** Before this patch, a report that changed nothing ended the workflow of a payout that was still open. */
const UNCONFIRMED_WORDS = 'unconfirmed-payout-words';

const ACTIONS = actionsInTemporal(PAYOUT_ACTIONS);

/** A seller's money goes to their bank: set aside under lock, asked of Stripe, and ended only by Stripe's report. */
export async function payout(request: PayoutRequest): Promise<PayoutOutcome> {
  const { payoutId } = request;
  const words = new Mailbox<Hint<PayoutReport>>();
  let opening: PayoutOpening | undefined;
  const first = firstAttempt(payoutKey(payoutId, request.generation ?? 1), request.generation ?? 1);
  let attempt = null as PayoutAttempt | null;
  let woken = false;
  let givenUp: string | undefined;
  const isMoved = () => woken || givenUp !== undefined || !words.isEmpty;
  setHandler(payoutWord, (said) => words.put(said ?? {}));
  setHandler(retryNow, () => void (woken = true));
  setHandler(giveUp, (reason) => void (givenUp = reason));
  setHandler(state, () => attempt ?? first);
  setHandler(payoutOpened, () => answerOnceOpened());
  const strays = catchStraySignals();

  async function answerOnceOpened(): Promise<PayoutOpening> {
    await condition(() => opening !== undefined);
    return opening!;
  }

  // One locked transaction. The HTTP answer waits for this alone.
  opening = await openPayout(request);
  if ('refused' in opening) {
    await settleMessages(strays);
    return { status: 'refused', reason: opening.refused.code };
  }
  let status = opening.status;
  let generation = request.generation ?? 1;

  if (status === 'pending') showAsking(first, 'The payout');
  // A report that Stripe does not confirm ends nothing: the payout goes on where it was.
  for (;;) {
    if (status === 'pending') await attemptUntilTaken(opening.opened);
    await settleWords();
    if (status !== 'pending' || !patched(UNCONFIRMED_WORDS)) break;
  }

  // Asks with the same key until Stripe's answer is known, or its webhook is faster.
  async function attemptUntilTaken(row: OpenedPayout): Promise<void> {
    while (words.isEmpty && !attempt?.ended) {
      const now = woken;
      const reason = givenUp;
      woken = false;
      givenUp = undefined;
      attempt =
        reason === undefined
          ? await attemptPayout({ payoutId, generation, now })
          : await giveUpPayout(payoutId, reason);
      if (attempt.ended) {
        if (attempt.status !== 'accepted') status = attempt.status;
        break;
      }
      generation = attempt.generation;
      showWaiting(attempt, 'The payout', ACTIONS);
      await untilDue(attempt, isMoved);
      if (workflowInfo().continueAsNewSuggested && !isMoved()) {
        await settleMessages(strays);
        await continueAsNew<typeof payout>({ payoutId, generation });
      }
    }
    if (status === 'pending') await untilSaid(row);
  }

  // Only Stripe's report ends a payout that Stripe has. Where no webhook has come, Stripe is asked.
  async function untilSaid(row: OpenedPayout): Promise<void> {
    while (words.isEmpty) {
      showAccepted(row, attempt?.idempotencyKey ?? null);
      await condition(isMoved, UNDERWAY_PAYOUT_LOOK_MS, { summary: 'Waits for the webhook of the payout' });
      woken = false;
      if (!words.isEmpty) break;
      const isGivenUp = givenUp !== undefined;
      givenUp = undefined;
      // Where Stripe no longer answers for the account, only a person can end the payout.
      const seen = await lookUpPayout(payoutId, isGivenUp);
      if (seen) words.put(seen);
    }
  }

  async function settleWords(): Promise<void> {
    do {
      for (let said = words.take(); said; said = words.take()) {
        status = await settlePayout(payoutId, said);
        if (status === 'pending' && patched(UNCONFIRMED_WORDS)) continue;
        const { idempotencyKey = null } = attempt ?? {};
        showEnded({ ended: true, status, message: said.message, retryCount: 0, idempotencyKey }, status);
      }
      await settleMessages(strays);
    } while (!words.isEmpty);
  }

  if (attempt?.ended && attempt.status === 'failed') showEnded(attempt, status);
  return { status };
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, payout);

function showAccepted({ payoutId }: OpenedPayout, idempotencyKey: string | null): void {
  show({ VezaStatus: 'accepted' });
  describe(
    [
      'Send the signal `retryNow` to ask Stripe how it stands. Replay the webhook, if Stripe shows it as ended.',
    ],
    [
      ['State', 'accepted by Stripe; waiting for its webhook'],
      ['Payout', payoutId],
      ['Idempotency key', idempotencyKey],
    ],
  );
}
