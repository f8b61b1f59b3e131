import type { Client } from '@temporalio/client';
import { MAILS_SCHEDULE_ID } from '../../../domain/accounts/ids.ts';
import type { Veza } from '../../cli/veza.ts';
import type { DatabaseWithSql } from '../../database.ts';
import type { FaultRun } from '../options.ts';
import { startAccountsApi } from './api.ts';
import { compareAccounts, type ComparedAccounts, mailsRest } from './compare.ts';
import { type Joined, nothingJoined } from './counts.ts';
import { troubleMails } from './mail-trouble.ts';
import { memberOn } from './member.ts';

export interface FaultedAccounts {
  readonly joined: Joined;
  readonly compared: ComparedAccounts;
}

const MAILS_REST_WITHIN_MS = 120_000;

interface Parts {
  readonly veza: Veza;
  readonly run: FaultRun;
  readonly database: DatabaseWithSql;
  readonly temporal: Client;
  readonly onLine: (line: string) => void;
}

/** People register, sign in and reset under trouble, until told to stop; what is returned compares all of it once it is at rest. */
export async function joinOn(
  { veza, run, database, temporal, onLine }: Parts,
  until: AbortSignal,
): Promise<() => Promise<FaultedAccounts>> {
  const joined = nothingJoined();
  const api = await startAccountsApi(veza, onLine);
  const { smtp } = veza;
  try {
    await Promise.all([
      troubleMails(veza, { seed: run.seed, joined }, until),
      api.killOn(joined, until),
      ...Array.from({ length: run.members }, (_, number) =>
        memberOn({ apiUrl: api.url, smtp, joined, run, number }, until),
      ),
    ]);
  } finally {
    await api.stop();
  }
  return async () => {
    const schedule = temporal.schedule.getHandle(MAILS_SCHEDULE_ID);
    await mailsRest(database, () => schedule.trigger(), MAILS_REST_WITHIN_MS);
    return { joined, compared: await compareAccounts({ database, smtp }) };
  };
}
