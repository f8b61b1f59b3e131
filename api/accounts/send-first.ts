import type { Context } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import { scopeOf, takeMail } from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { setIdleLimit } from '../../db/kernel/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { isProduction } from '../../domain/kernel/index.ts';
import { type RequestMailText, textOfMail } from '../../domain/mails.ts';
import type { ApiEnv } from '../context.ts';
import { Turns } from '../kernel/index.ts';
import { keyFor } from '../middleware/keys.ts';

/** No answer that a mail belongs to comes earlier: how long the database took tells nothing of who has an account. */
const NOT_BEFORE_MS = 500;
/** Each holds a connection to the database while the mail server thinks. */
const AT_A_TIME = 4;
const WAITING_MAX = 50;
/** Longer than a mail takes at most (SMTP_TIMEOUT), so that the transaction outlives it. */
const IDLE_MAX_MS = 90_000;

/** The turns of one process: whoever sends a mail in a request waits for one. */
export class MailTurns {
  readonly #turns = new Turns(AT_A_TIME);
  #inside = 0;

  /** Throws `overloaded` where too many wait already. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inside >= AT_A_TIME + WAITING_MAX) {
      throw new VezaError('overloaded', 'Too many mails are being sent at once. This call has done nothing.');
    }
    this.#inside += 1;
    try {
      return await this.#turns.take(work);
    } finally {
      this.#inside -= 1;
    }
  }
}

export interface FirstMail {
  readonly to: string;
  readonly text: RequestMailText;
}

/**
 * Does something that counts only once the mail server took the mail about it: the transaction commits after that. `deed` says
 * the mail, or null where nobody is there to write to; the mail server is greeted then all the same. An address that has had
 * its mails (one a minute, five a day) gets none, and nothing is done. `isSent` is false where that failed outside production.
 * Throws `mail_not_sent` in production, with nothing left, and `overloaded`.
 */
export async function sendFirst(
  c: Context<ApiEnv>,
  address: string,
  deed: (tx: Tx) => Promise<FirstMail | null>,
): Promise<{ readonly isSent: boolean }> {
  const { db, config, log, mailTurns } = c.var.deps;
  const scope = scopeOf(keyFor(config, 'limits'), 'mail', address.toLowerCase());
  return notBefore(NOT_BEFORE_MS, () =>
    mailTurns.take(() =>
      db.transaction(async (tx) => {
        await setIdleLimit(tx, IDLE_MAX_MS);
        if (!(await takeMail(tx, scope))) return { isSent: true };
        const failure = await send(c, await deed(tx));
        if (failure === null) return { isSent: true };
        if (isProduction(config)) {
          throw new VezaError('mail_not_sent', 'The mail server did not take the mail. Nothing was done.');
        }
        log.warn({ code: failure }, 'a mail was not sent; in production this call would have done nothing');
        return { isSent: false };
      }),
    ),
  );
}

/** Null where the mail server took it; else its status, or a code of the connection. */
async function send(c: Context<ApiEnv>, mail: FirstMail | null): Promise<string | null> {
  const { mailer, config } = c.var.deps;
  if (mail === null) return (await mailer.greet()) === 'reached' ? null : 'unreachable';
  const { host } = new URL(config.APP_URL);
  const messageId = `<${uuidv7()}@${host}>`;
  const written = textOfMail(mail.text, { appUrl: config.APP_URL });
  const result = await mailer.send({ ...written, to: mail.to, messageId });
  if (result.kind === 'sent') return null;
  return result.kind === 'refused' ? String(result.status) : result.code;
}

/** A link's token stands in the fragment, which no server and no log sees. */
export const linkTo = (
  c: Context<ApiEnv>,
  page: 'verify-email' | 'reset-password' | 'confirm-email',
  token: string,
): string => `${c.var.deps.config.APP_URL}/${page}#token=${token}`;

/** The result, or the failure, no earlier than so long after it was asked for. */
async function notBefore<Result>(afterMs: number, work: () => Promise<Result>): Promise<Result> {
  const time = new Promise<void>((resolve) => setTimeout(resolve, afterMs));
  const [outcome] = await Promise.allSettled([work(), time]);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
