import { continueAsNew, proxyActivities, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { catchStraySignals, settleMessages, startMails, STAYS_ON_ITS_VERSION } from '../kernel/index.ts';

const { startWaitingMails } = proxyActivities<Activities>({
  ...startMails,
  summary: 'Starts the mails that wait',
});

/** Each batch is some six events. */
const BATCHES_PER_RUN = 200;

export interface MailsRequest {
  /** What an earlier run leaves: the mail behind which it goes on. */
  readonly after?: string | null;
}

/** Starts the workflow of each mail that waits and has none; by the schedule of this name. */
export async function mails({ after = null }: MailsRequest): Promise<void> {
  const strays = catchStraySignals();
  let behind = after;
  for (let batches = 0; batches < BATCHES_PER_RUN; batches += 1) {
    behind = await startWaitingMails(behind);
    if (behind === null) break;
  }
  await settleMessages(strays);
  if (behind !== null) await continueAsNew<typeof mails>({ after: behind });
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, mails);
