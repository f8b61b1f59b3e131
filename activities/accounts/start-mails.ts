import { listWaitingMails } from '../../db/accounts/index.ts';
import type { AccountsDeps } from './deps.ts';

const AT_A_TIME = 10;

export interface StartedMails {
  /** How each start ended: the engine may be away. */
  readonly starts: readonly PromiseSettledResult<void>[];
  /** Behind which to go on; null: none is left. */
  readonly next: string | null;
}

/** Starts the workflows of mails that wait and have none. Without a mail server mails wait, and are started by nobody. */
export async function startMails(
  { db, engine, settings }: Pick<AccountsDeps, 'db' | 'engine' | 'settings'>,
  ask: { readonly after: string | null; readonly limit: number },
): Promise<StartedMails> {
  if (!settings.mail.hasServer) return { starts: [], next: null };
  const { mails, next } = await listWaitingMails(db, ask);
  const starts: PromiseSettledResult<void>[] = [];
  for (let at = 0; at < mails.length; at += AT_A_TIME) {
    const some = mails.slice(at, at + AT_A_TIME);
    starts.push(...(await Promise.allSettled(some.map((mail) => engine.startMail(mail)))));
  }
  return { starts, next };
}
