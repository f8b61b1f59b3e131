import {
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OpenedRefund, RefundOpening, RefundRequest, RefundVerdict } from '../domain/messages.ts';
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

export type RefundOutcome = { readonly status: 'succeeded' | 'failed' | 'refused'; readonly reason?: string };

/** A refund in its three phases: opened under lock, asked of the PSP, ended by the PSP's word and by nothing else. */
export async function refund(request: RefundRequest): Promise<RefundOutcome> {
  const verdicts = new Mailbox<RefundVerdict>();
  let opening: RefundOpening | undefined;
  let outcome: RefundOutcome | undefined;
  setHandler(verdict, (said) => verdicts.put(said));
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
  const { refundId } = opening.opened;
  showAsking(opening.opened);

  // Phase 2: the same id until the PSP's answer is known, or its webhook is faster.
  if (opening.status === 'pending' && verdicts.isEmpty) {
    const asked = await Promise.race([askProvider(refundId), condition(() => !verdicts.isEmpty)]);
    if (typeof asked === 'object' && 'refusedBecause' in asked && verdicts.isEmpty) {
      verdicts.put({ status: 'failed', providerRefundId: null, message: asked.refusedBecause });
    }
  }

  // Phase 3: only the PSP's word decides. A row that had ended already is only told what was signalled.
  if (opening.status === 'pending')
    outcome = await apply(refundId, await nextVerdict(opening.opened, verdicts));
  do {
    for (let said = verdicts.take(); said; said = verdicts.take()) outcome = await apply(refundId, said);
    await settleMessages(strays);
  } while (!verdicts.isEmpty);
  return outcome ?? { status: opening.status === 'failed' ? 'failed' : 'succeeded' };
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, refund);

async function nextVerdict(row: OpenedRefund, verdicts: Mailbox<RefundVerdict>): Promise<RefundVerdict> {
  showAccepted(row);
  const said = await verdicts.next();
  return said!;
}

async function apply(refundId: string, { status, ...said }: RefundVerdict): Promise<RefundOutcome> {
  const reason = said.message ?? 'the PSP gave no reason';
  if (status === 'succeeded') await settleRefund(refundId, { status, ...said });
  else await failRefund(refundId, reason, said.saidAt);
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
