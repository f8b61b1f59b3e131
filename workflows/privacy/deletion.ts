import {
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { ERASING_STEPS, waitWordsOf } from '../../domain/privacy/index.ts';
import {
  catchStraySignals,
  databaseVerb,
  describe,
  erasingStep,
  MOVES_TO_NEW_VERSIONS,
  openPayouts,
  retryNow,
  settleMessages,
  showChanges,
  Sleep,
} from '../kernel/index.ts';

const { lookAtDeletion, noteRest } = proxyLocalActivities<Activities>(databaseVerb);
const { payOutRest } = proxyActivities<Activities>({
  ...openPayouts,
  summary: 'Pays out what is left of the balance',
});
const { eraseStep } = proxyActivities<Activities>({ ...erasingStep, summary: 'Erases' });

/** More than these, and it begins anew before it sleeps. */
const EVENTS_ASLEEP = 40;

/** The id alone: until when somebody may stay, and what it waits for, is in the row. */
export interface DeletionRequest {
  readonly userId: string;
}

type Look = Awaited<ReturnType<Activities['lookAtDeletion']>>;

/** The leaving of a person: thirty days, then until no money of theirs moves, then the erasing, which has no way back. */
export async function deletion({ userId }: DeletionRequest): Promise<void> {
  let isWoken = false;
  setHandler(retryNow, () => void (isWoken = true));
  const strays = catchStraySignals();
  const timer = new Sleep();
  for (;;) {
    isWoken = false;
    const look = await lookAtDeletion(userId);
    showLook(look);
    if (look.kind === 'over') break;
    if (look.kind === 'erase') {
      for (const step of ERASING_STEPS) await eraseStep({ deletionId: look.deletionId, step });
      showChanges({ VezaStatus: 'erased' });
      break;
    }
    if (look.kind === 'waits' && look.pays) {
      const isPaid = await payOutRest({ deletionId: look.deletionId, userId });
      await noteRest({ userId, isPaid });
    }
    if (workflowInfo().historyLength > EVENTS_ASLEEP) {
      await settleMessages(strays);
      if (!isWoken) await continueAsNew<typeof deletion>({ userId });
    }
    await timer.until({ delayMs: look.dueInMs, summary: SUMMARIES[look.kind] }, () => isWoken);
  }
  await settleMessages(strays);
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, deletion);

const SUMMARIES = {
  sleep: 'Waits until they may stay no more',
  waits: 'Waits for money that moves',
  tells: 'Waits for the last mail',
} as const;

const STATUSES = {
  over: 'over',
  sleep: 'scheduled',
  waits: 'deletion_waiting',
  tells: 'last_mail',
  erase: 'erasing',
} as const;

function showLook(look: Look): void {
  showChanges({ VezaStatus: STATUSES[look.kind] });
  if (look.kind === 'over') return describe([], [['State', 'they stay, or are erased']]);
  describe(
    look.kind === 'waits'
      ? [
          'Send the signal `retryNow`: it looks at the money now.',
          'End what it waits for, in the ops console.',
        ]
      : [],
    [
      ['State', STATUSES[look.kind]],
      ['Final on', look.finalAt],
      ['Waits for', look.kind === 'waits' ? waitWordsOf(look.waitsFor).join(', ') : null],
    ],
  );
}
