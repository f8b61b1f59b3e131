import type { Context } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import { scopeOf, takeMail } from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { setIdleLimit } from '../../db/kernel/index.ts';
import type { MailFailure } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { isProduction } from '../../domain/kernel/index.ts';
import { type RequestMailText, textOfMail } from '../../domain/mails.ts';
import type { ApiEnv } from '../context.ts';
import { keyFor } from '../middleware/keys.ts';

/** Longer than a mail takes at most (SMTP_TIMEOUT), so that the transaction outlives it. */
const IDLE_MAX_MS = 90_000;
/** Left for the answer itself. */
const ANSWERING_MS = 500;

export interface FirstMail {
  readonly to: string;
  readonly text: RequestMailText;
  /**
   * Writes what the mail is about, once the mail server took it: no row but the turn of the address is locked while the server
   * thinks. Where the account has changed meanwhile, it writes nothing, and the mail's link is dead.
   */
  readonly keep: (tx: Tx) => Promise<void>;
}

/** In production a mail was not taken: nothing of the call may stay. */
class NotTaken extends Error {
  override readonly name = 'NotTaken';
  readonly failure: MailFailure;

  constructor(failure: MailFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

/**
 * Does something that counts only once the mail server took the mail about it: it is written after that. `ask` says the mail, or
 * null where nobody is there to write to; the mail server is greeted then all the same. An address that has had its mails (one a
 * minute, five a day) gets none, and nothing is done. `isSent` is false where that failed outside production. Throws
 * `mail_not_sent` in production, with nothing left, and `overloaded`.
 *
 * `isSecret`: only who has an account gets a mail. A failure that a greeting does not show would tell that there is one; it is
 * logged, and answered as if the mail had been sent.
 */
export async function sendFirst(
  c: Context<ApiEnv>,
  { address, isSecret = false }: { readonly address: string; readonly isSecret?: boolean },
  ask: (tx: Tx) => Promise<FirstMail | null>,
): Promise<{ readonly isSent: boolean }> {
  const { db, config, log, mailTurns, mailer } = c.var.deps;
  const { answerByMs } = c.var;
  const scope = scopeOf(keyFor(config, 'limits'), 'mail', address.toLowerCase());
  const refuseLate = () => {
    if (performance.now() + mailer.timeoutMs <= answerByMs) return;
    throw new VezaError('overloaded', 'There is no time left for a mail. This call has done nothing.');
  };
  let fromMs = performance.now();
  const work = () =>
    db.transaction(async (tx) => {
      fromMs = performance.now();
      await setIdleLimit(tx, IDLE_MAX_MS);
      if (!(await takeMail(tx, scope))) return { isSent: true };
      const mail = await ask(tx);
      refuseLate();
      const failure = await send(c, mail);
      if (failure === null) {
        await mail?.keep(tx);
        return { isSent: true };
      }
      if (isProduction(config)) throw new NotTaken(failure);
      await mail?.keep(tx);
      log.warn(
        { code: failure.code },
        'a mail was not sent; in production this call would have done nothing',
      );
      return { isSent: false };
    });
  try {
    return await mailTurns.take({ answerByMs, mailMs: mailer.timeoutMs }, work);
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    const { code, at } = error.failure;
    if (!isSecret || at === 'connection') {
      throw new VezaError('mail_not_sent', 'The mail server did not take the mail. Nothing was done.');
    }
    log.warn({ code }, 'the mail server did not take a mail; the call was answered as if it had');
    return { isSent: true };
  } finally {
    await until(Math.min(fromMs + mailTurns.notBeforeMs, answerByMs - ANSWERING_MS));
  }
}

/** Null where the mail server took it. */
async function send(c: Context<ApiEnv>, mail: FirstMail | null): Promise<MailFailure | null> {
  const { mailer, config, mailTurns } = c.var.deps;
  if (mail === null) {
    return (await mailer.greet()) === 'reached' ? null : { code: 'unreachable', at: 'connection' };
  }
  // Without a port: RFC 5322 has no colon to the right of the @.
  const { hostname } = new URL(config.APP_URL);
  const messageId = `<${uuidv7()}@${hostname}>`;
  const written = textOfMail(mail.text, { appUrl: config.APP_URL });
  const fromMs = performance.now();
  const result = await mailer.send({ ...written, to: mail.to, messageId });
  mailTurns.note(performance.now() - fromMs);
  if (result.kind === 'sent') return null;
  return result.kind === 'refused' ? { code: String(result.status), at: 'mail' } : result;
}

/** A link's token stands in the fragment, which no server and no log sees. */
export const linkTo = (
  c: Context<ApiEnv>,
  page: 'verify-email' | 'reset-password' | 'confirm-email',
  token: string,
): string => `${c.var.deps.config.APP_URL}/${page}#token=${token}`;

/** Resolves at a time of `performance.now()`, or at once where it has passed. */
const until = (atMs: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
