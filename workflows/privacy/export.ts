import { proxyActivities, proxyLocalActivities, setHandler, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { ExportAttempt } from '../../domain/privacy/exports.ts';
import {
  buildCopy,
  catchStraySignals,
  databaseVerb,
  describe,
  giveUp,
  MOVES_TO_NEW_VERSIONS,
  retryNow,
  settleMessages,
  show,
  untilDue,
} from '../kernel/index.ts';

const { buildExport } = proxyActivities<Activities>({ ...buildCopy, summary: 'Makes the file' });
const { endExport } = proxyLocalActivities<Activities>(databaseVerb);

type Ended = Extract<ExportAttempt, { ended: true }>;

/** The id alone: whose copy it is, is in its row. */
export interface ExportRequest {
  readonly exportId: string;
}

/** A copy of what is held on a person: its file is made again until it is whole, or the retries are exhausted. */
export async function dataExport({ exportId }: ExportRequest): Promise<Pick<Ended, 'status' | 'code'>> {
  let [isWoken, isGivenUp] = [false, false];
  setHandler(retryNow, () => void (isWoken = true));
  setHandler(giveUp, () => void (isGivenUp = true));
  const strays = catchStraySignals();
  for (;;) {
    const attempt = isGivenUp ? await endExport(exportId) : await buildExport(exportId);
    if (attempt.ended) {
      const { status, code } = attempt;
      showEnd(attempt);
      await settleMessages(strays);
      return { status, code };
    }
    showWait(attempt);
    const { attempts: retryCount, code: lastError, ...wait } = attempt;
    await untilDue(
      { ...wait, retryCount, lastError, waitingFor: null, generation: 1 },
      () => isWoken || isGivenUp,
    );
    isWoken = false;
  }
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, dataExport);

function showWait({ attempts, code, nextAttemptAt }: Extract<ExportAttempt, { ended: false }>): void {
  show({ VezaStatus: 'building', VezaRetryCount: attempts, VezaNextAttemptAt: new Date(nextAttemptAt) });
  describe(
    [
      'Send the signal `retryNow`, once what is in the way is gone: the next attempt is then.',
      'Send the signal `giveUp`: its person is told that it failed, and may ask again.',
    ],
    [
      ['State', 'the file could not be made, and is made again'],
      ['Failed attempts', String(attempts)],
      ['Last error', code],
      ['Next attempt', nextAttemptAt],
    ],
  );
}

function showEnd({ status, code }: Ended): void {
  show({ VezaStatus: status });
  describe(
    [],
    [
      ['State', status],
      ['Last error', code],
    ],
  );
}
