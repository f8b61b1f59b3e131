import {
  CancellationScope,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { RefundStatus } from '../../domain/marketplace/refund-machine.ts';
import type { Asked } from '../../activities/marketplace/refund-refusals.ts';
import type { SettledVerdict } from '../../activities/marketplace/refunds.ts';
import type { TakenBack } from '../../activities/marketplace/take-back.ts';
import type { Evidence } from '../../domain/kernel/index.ts';
import { reversalWorkflowId } from '../../domain/marketplace/ids.ts';
import type {
  OpenedRefund,
  RefundLook,
  RefundOpening,
  RefundRequest,
  RefundReport,
} from '../../domain/marketplace/messages.ts';
import {
  foundOut,
  type Heard,
  hinted,
  Mailbox,
  askPsp,
  attemptStripeDirectly,
  databaseVerb,
  MOVES_TO_NEW_VERSIONS,
  describe,
  show,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { endAsking, opened, pspCall, verdict, waitingForProvider } from './messages.ts';

const { openRefund, settleRefund, failRefund } = proxyLocalActivities<Activities>(databaseVerb);
const { takeBack } = proxyLocalActivities<Activities>(attemptStripeDirectly);
const { askProvider } = proxyActivities<Activities>({ ...askPsp, summary: 'Asks the PSP for the refund' });
const { readRefundVerdict } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP how the refund stands',
});
const { lookForRefund } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Looks at the PSP for a refund that it never answered',
});

export type RefundOutcome = { readonly status: 'succeeded' | 'failed' | 'refused'; readonly reason?: string };

/**
 * A refund in its three phases: opened under lock, asked of the PSP, and ended only by the PSP's report. The reversals
 * that its end opens are asked for here once; those that have to wait are workflows of their own.
 */
export async function refund(request: RefundRequest): Promise<RefundOutcome> {
  const verdicts = new Mailbox<Heard<RefundReport>>();
  let opening: RefundOpening | undefined;
  let outcome: RefundOutcome | null = null;
  /** What the look found by which an operator stopped the asking. */
  let looked: RefundLook | undefined;
  let takenBack: TakenBack | undefined;
  /** Whether lists show another status than the one that it was started with. */
  let isMarked = false;
  setHandler(verdict, (said) => verdicts.put(hinted(said)));
  setHandler(waitingForProvider, (waiting) => {
    isMarked = true;
    showWaiting(request.refundId, waiting);
  });
  setHandler(opened, () => answerOnceOpened());
  setHandler(endAsking, () => lookOnceOpened());
  // The refund's id is its key at the PSP as well.
  setHandler(pspCall, () => ({ status: outcome?.status ?? 'pending', idempotencyKey: request.refundId }));
  const strays = catchStraySignals();

  async function answerOnceOpened(): Promise<RefundOpening> {
    await condition(() => opening !== undefined);
    return opening!;
  }

  async function lookOnceOpened(): Promise<RefundLook> {
    const answer = await answerOnceOpened();
    if ('refused' in answer) return { kind: 'ended', status: 'failed', message: answer.refused.detail };
    const found = await lookForRefund(answer.opened.refundId);
    // A PSP that cannot be read changes nothing.
    if (found.kind !== 'unreadable') looked = found;
    return found;
  }

  // Phase 1: one locked transaction. The HTTP answer waits for this alone.
  opening = await openRefund(request);
  if ('refused' in opening) {
    await settleMessages(strays);
    return { status: 'refused', reason: opening.refused.code };
  }
  const row = opening.opened;
  const { refundId } = row;
  showAsking(row);

  let asking: { readonly scope: CancellationScope; readonly answer: Promise<Asked> } | undefined;

  /** Phase 2: asks with the same id until the PSP's answer is known; undefined where its webhook is faster. */
  async function ask(): Promise<Asked | undefined> {
    const scope = new CancellationScope();
    asking ??= { scope, answer: scope.run(() => askProvider(refundId)) };
    const { answer } = asking;
    const asked = await Promise.race([answer, condition(() => !verdicts.isEmpty || looked !== undefined)]);
    if (typeof asked === 'object') return asked;
    if (looked === undefined) return undefined;
    // No further call goes out, since the row forbids it; one that is under way may still arrive.
    answer.catch(() => undefined);
    asking.scope.cancel();
    return { givenUp: true };
  }

  /**
   * Looks until it is certain that the PSP does not have the refund that an operator gave up; undefined where the
   * PSP's report comes first.
   */
  async function lookUntilCertain(): Promise<RefundLook | undefined> {
    for (;;) {
      const last = looked ?? (await lookForRefund(refundId));
      looked = undefined;
      if (last.kind !== 'missing' && last.kind !== 'unreadable') return last;
      showGivenUp(row, last);
      const timer = { summary: 'Waits to look at the PSP again' };
      await condition(() => !verdicts.isEmpty || looked !== undefined, last.lookAgainInMs, timer);
      if (!verdicts.isEmpty) return undefined;
    }
  }

  async function nextVerdict(): Promise<Heard<RefundReport>> {
    while (verdicts.isEmpty) {
      const asked = await ask();
      if (asked === undefined || !verdicts.isEmpty || 'accepted' in asked) break;
      if ('refusedBecause' in asked) {
        return foundOut({ status: 'failed', providerRefundId: null, message: asked.refusedBecause });
      }
      const certain = await lookUntilCertain();
      if (certain?.kind === 'ended') return foundOut(verdictOf(certain));
      if (certain?.kind === 'known') break;
      // An answer that was under way said that the refund is there: a repeat of the call has to show it.
      asking = undefined;
    }
    showAccepted(row);
    return (await verdicts.next())!;
  }

  /** Null where neither the inbox nor the PSP confirms the report: the refund goes on waiting. */
  async function apply({ said, evidence }: Heard<RefundReport>): Promise<RefundOutcome | null> {
    const settled = await end(refundId, said.status, evidence);
    // Histories of before this had no answer here.
    if (!settled?.unconfirmed) return settled?.held ? held(settled.status) : close(said, settled);
    // A PSP that is down must not hold up its own webhook.
    const found = await Promise.race([readRefundVerdict(refundId), condition(() => !verdicts.isEmpty)]);
    if (typeof found !== 'object' || found === null) return outcomeOf(settled.status);
    const known = await end(refundId, found.status, { known: found });
    return known.held ? held(known.status) : close(found, known);
  }

  /** A held refund waits, unless a person has ended it. */
  function held(status: RefundStatus): RefundOutcome | null {
    if (status !== 'pending') return outcomeOf(status);
    isMarked = true;
    return showHeld(row);
  }

  async function close(report: RefundReport, settled: SettledVerdict | undefined): Promise<RefundOutcome> {
    // The state is told of while Stripe is asked: the buyer has the money.
    outcome = endOf(report);
    if (settled?.reversals !== undefined && settled.reversals.length > 0)
      takenBack = await takeBack(settled.reversals);
    // A refund that met no trouble is told from others by its end alone. Older histories say it always.
    if (isMarked || settled?.reversals === undefined) {
      isMarked = true;
      show({ VezaStatus: report.status });
    }
    showEnd(outcome, takenBack);
    return outcome;
  }

  // Phase 3: only the PSP's report decides. To a row that had ended already, the report is only applied.
  while (opening.status === 'pending' && outcome === null) outcome = await apply(await nextVerdict());
  do {
    for (let said = verdicts.take(); said; said = verdicts.take()) outcome = (await apply(said)) ?? outcome;
    await settleMessages(strays);
  } while (!verdicts.isEmpty);
  return outcome ?? outcomeOf(opening.status)!;
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, refund);

/** The report for a row that has ended, so that its workflow finds the work done. */
const verdictOf = ({ status, message }: Extract<RefundLook, { kind: 'ended' }>): RefundReport => ({
  status: status === 'failed' ? 'failed' : 'succeeded',
  providerRefundId: null,
  message,
});

const end = (refundId: string, status: RefundReport['status'], evidence: Evidence<RefundReport>) =>
  status === 'succeeded' ? settleRefund(refundId, evidence) : failRefund(refundId, evidence);

/** The outcome of a row that ended without its workflow; null while the row is open. */
function outcomeOf(status: RefundStatus): RefundOutcome | null {
  if (status === 'pending') return null;
  return { status: status === 'failed' ? 'failed' : 'succeeded' };
}

// A hint comes without the PSP's words, which may name people: they are in the row.
const endOf = ({ status, message }: RefundReport): RefundOutcome =>
  status === 'succeeded' ? { status } : { status, reason: message ?? 'its row says why' };

function showEnd({ status, reason = '' }: RefundOutcome, takenBack: TakenBack | undefined): void {
  const workflows = takenBack?.handedOver.map((id) => `\`${reversalWorkflowId(id)}\``).join(', ');
  describe(
    [],
    [
      ['State', status === 'succeeded' ? 'succeeded: the buyer has the money' : `failed: ${reason}`],
      ['Reversals done here', takenBack ? String(takenBack.reversed) : null],
      ['Reversals with a workflow of their own', workflows || null],
    ],
  );
}

function showGivenUp(
  { refundId }: OpenedRefund,
  look: Extract<RefundLook, { kind: 'missing' | 'unreadable' }>,
): void {
  describe(
    ['Nothing: it is looked for once more, and then fails. What the PSP has goes on.'],
    [
      ['State', 'an operator ended the asking: the PSP does not know it'],
      ['Next look', look.kind === 'missing' ? look.lookAgainAt : `the PSP cannot be asked: ${look.reason}`],
      ['Refund', refundId],
      ['Idempotency key', refundId],
    ],
  );
}

/** The refund has not ended: the books cannot hold what the PSP did, and the order takes no other refund meanwhile. */
function showHeld({ refundId }: OpenedRefund): null {
  show({ VezaStatus: 'held' });
  describe(
    [
      'Look at the refund at the PSP, and have it corrected there. The next sweep then books it. Where it cannot be corrected, the console ends it: Settled outside, or Give up.',
    ],
    [
      ['State', 'held: the PSP gave back another amount or currency, which cannot be booked'],
      ['Refund', refundId],
      ['Idempotency key', refundId],
    ],
  );
  return null;
}

function showAsking({ refundId }: OpenedRefund): void {
  describe(
    [
      'Nothing: the engine asks the PSP until it answers. The pending activity shows attempt, last error and next time.',
    ],
    [
      ['State', 'asking the PSP'],
      ['Refund', refundId],
      ['Idempotency key', refundId],
    ],
  );
}

function showAccepted({ refundId }: OpenedRefund): void {
  describe(
    ['Replay the webhook, if the PSP shows this refund as finished and this has not changed.'],
    [
      ['State', 'accepted by the PSP; waiting for its webhook'],
      ['Refund', refundId],
      ['Idempotency key', refundId],
    ],
  );
}

function showWaiting(
  refundId: string,
  { attempt, lastError }: { readonly attempt: number; readonly lastError: string },
): void {
  show({ VezaStatus: 'waiting_for_psp', VezaRetryCount: attempt });
  describe(
    ['Check the PSP. Once it answers, the next attempt goes through by itself.'],
    [
      ['State', 'waiting for the PSP, which has not answered for over a minute'],
      ['Attempts', String(attempt)],
      ['Last error', lastError],
      ['Idempotency key', refundId],
    ],
  );
}
