import {
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RefundStatus } from '../domain/machines/refund.ts';
import type { Asked } from '../activities/refund-refusals.ts';
import type {
  Evidence,
  OpenedRefund,
  RefundOpening,
  RefundRequest,
  RefundVerdict,
} from '../domain/messages.ts';
import { foundOut, type Heard, hinted } from './heard.ts';
import { Mailbox } from './mailbox.ts';
import {
  catchStraySignals,
  opened,
  pspCall,
  settleMessages,
  verdict,
  waitingForProvider,
} from './messages.ts';
import { askPsp, databaseVerb, MOVES_TO_NEW_VERSIONS } from './policies.ts';
import { describe, show } from './sight.ts';

const { openRefund, settleRefund, failRefund } = proxyLocalActivities<Activities>(databaseVerb);
const { askProvider } = proxyActivities<Activities>({ ...askPsp, summary: 'Asks the PSP for the refund' });
const { readRefundVerdict } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP how the refund stands',
});

export type RefundOutcome = { readonly status: 'succeeded' | 'failed' | 'refused'; readonly reason?: string };

/** A refund in its three phases: opened under lock, asked of the PSP, ended by the PSP's word and by nothing else. */
export async function refund(request: RefundRequest): Promise<RefundOutcome> {
  const verdicts = new Mailbox<Heard<RefundVerdict>>();
  let opening: RefundOpening | undefined;
  let outcome: RefundOutcome | null = null;
  setHandler(verdict, (said) => verdicts.put(hinted(said)));
  setHandler(waitingForProvider, (waiting) => showWaiting(request.refundId, waiting));
  setHandler(opened, () => answerOnceOpened());
  // The refund's id is its key at the PSP as well.
  setHandler(pspCall, () => ({ status: outcome?.status ?? 'pending', idempotencyKey: request.refundId }));
  const strays = catchStraySignals();

  async function answerOnceOpened(): Promise<RefundOpening> {
    await condition(() => opening !== undefined);
    return opening!;
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

  let asking: Promise<Asked> | undefined;
  async function nextVerdict(): Promise<Heard<RefundVerdict>> {
    // Phase 2: the same id until the PSP's answer is known, or its webhook is faster.
    if (verdicts.isEmpty) {
      asking ??= askProvider(refundId);
      const asked = await Promise.race([asking, condition(() => !verdicts.isEmpty)]);
      if (typeof asked === 'object' && 'refusedBecause' in asked && verdicts.isEmpty) {
        return foundOut({ status: 'failed', providerRefundId: null, message: asked.refusedBecause });
      }
    }
    showAccepted(row);
    return (await verdicts.next())!;
  }

  /** Null where neither the inbox nor the PSP confirms it: the refund waits on. */
  async function apply({ said, evidence }: Heard<RefundVerdict>): Promise<RefundOutcome | null> {
    const settled = await end(refundId, said.status, evidence);
    // Histories of before this had no answer here.
    if (!settled?.unconfirmed) return showEnd(said);
    // A PSP that is down must not hold up its own webhook.
    const found = await Promise.race([readRefundVerdict(refundId), condition(() => !verdicts.isEmpty)]);
    if (typeof found !== 'object' || found === null) return outcomeOf(settled.status);
    await end(refundId, found.status, { known: found });
    return showEnd(found);
  }

  // Phase 3: only the PSP's word decides. A row that had ended already is only told what was signalled.
  while (opening.status === 'pending' && outcome === null) outcome = await apply(await nextVerdict());
  do {
    for (let said = verdicts.take(); said; said = verdicts.take()) outcome = (await apply(said)) ?? outcome;
    await settleMessages(strays);
  } while (!verdicts.isEmpty);
  return outcome ?? outcomeOf(opening.status)!;
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, refund);

const end = (refundId: string, status: RefundVerdict['status'], evidence: Evidence<RefundVerdict>) =>
  status === 'succeeded' ? settleRefund(refundId, evidence) : failRefund(refundId, evidence);

/** Of a row that ended without a word to its workflow; null while it is open. */
function outcomeOf(status: RefundStatus): RefundOutcome | null {
  if (status === 'pending') return null;
  return { status: status === 'failed' ? 'failed' : 'succeeded' };
}

function showEnd({ status, message }: RefundVerdict): RefundOutcome {
  const reason = message ?? 'the PSP gave no reason';
  show({ VezaStatus: status });
  describe(
    [],
    [['State', status === 'succeeded' ? 'succeeded: the buyer has the money' : `failed: ${reason}`]],
  );
  return status === 'succeeded' ? { status } : { status, reason };
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
      ['State', "accepted by the PSP; waiting for its webhook's word"],
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
