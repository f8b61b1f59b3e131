import { type BackoffPolicy, backoffDelayMs } from '../kernel/index.ts';
import type { MailStatus } from './mail-machine.ts';
import type { MailResult } from './mailer.ts';

/** How long a mail that the mail server does not take is tried. */
export interface MailTerms {
  readonly retry: BackoffPolicy;
  readonly giveUpAfterMs: number;
}

/** What one attempt at a mail came to; ids, codes and times alone, as a history keeps them. */
export type MailAttempt =
  /** `gone`: there is no such row any more. */
  | {
      readonly ended: true;
      readonly status: Exclude<MailStatus, 'queued'> | 'gone';
      readonly code: string | null;
    }
  | {
      readonly ended: false;
      readonly attempts: number;
      readonly code: string;
      readonly delayMs: number;
      readonly nextAttemptAt: string;
    };

/** The next status of a queued mail, after an attempt. */
export function afterAttempt(
  result: MailResult,
  { queuedAt, attempts, now }: { readonly queuedAt: Date; readonly attempts: number; readonly now: Date },
  { retry, giveUpAfterMs }: MailTerms,
):
  | { readonly to: 'sent'; readonly code: null }
  | { readonly to: 'refused' | 'given_up'; readonly code: string }
  | { readonly to: 'queued'; readonly code: string; readonly delayMs: number } {
  if (result.kind === 'sent') return { to: 'sent', code: null };
  if (result.kind === 'refused') return { to: 'refused', code: String(result.status) };
  const leftMs = queuedAt.getTime() + giveUpAfterMs - now.getTime();
  if (leftMs <= 0) return { to: 'given_up', code: result.code };
  // The last attempt is when the time is over.
  return { to: 'queued', code: result.code, delayMs: Math.min(backoffDelayMs(attempts, retry), leftMs) };
}
