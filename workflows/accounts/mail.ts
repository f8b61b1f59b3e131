import { proxyActivities, setHandler, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { MailAttempt } from '../../domain/accounts/index.ts';
import {
  attemptMailServer,
  catchStraySignals,
  describe,
  MOVES_TO_NEW_VERSIONS,
  retryNow,
  settleMessages,
  show,
  untilDue,
} from '../kernel/index.ts';

const { attemptMail } = proxyActivities<Activities>({
  ...attemptMailServer,
  summary: 'Asks the mail server to take the mail',
});

type Ended = Extract<MailAttempt, { ended: true }>;

/** The id alone: what a mail says, and to whom, is in its row. */
export interface MailRequest {
  readonly mailId: string;
}

/** One mail: the mail server is asked until it takes the mail, refuses it, or a day is over. */
export async function mail({ mailId }: MailRequest): Promise<Pick<Ended, 'status' | 'code'>> {
  let isWoken = false;
  setHandler(retryNow, () => void (isWoken = true));
  const strays = catchStraySignals();
  for (;;) {
    const attempt = await attemptMail(mailId);
    if (attempt.ended) {
      const { status, code } = attempt;
      showEnd(attempt);
      await settleMessages(strays);
      return { status, code };
    }
    showWait(attempt);
    const { attempts: retryCount, code: lastError, ...wait } = attempt;
    await untilDue({ ...wait, retryCount, lastError, waitingFor: null, generation: 1 }, () => isWoken);
    isWoken = false;
  }
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, mail);

function showWait({ attempts, code, nextAttemptAt }: Extract<MailAttempt, { ended: false }>): void {
  show({ VezaRetryCount: attempts, VezaNextAttemptAt: new Date(nextAttemptAt) });
  describe(
    ['Send the signal `retryNow`, once the mail server is back: the next attempt is then.'],
    [
      ['State', 'the mail server has not taken it, and is asked again'],
      ['Attempts', String(attempts)],
      ['Last answer', code],
      ['Next attempt', nextAttemptAt],
    ],
  );
}

function showEnd({ status, code }: Ended): void {
  show({ VezaStatus: status });
  describe(
    status === 'given_up' ? ['Queue it again in the ops console, or by `npm run ops`: `resend`.'] : [],
    [
      ['State', status],
      ['Last answer', code],
    ],
  );
}
