import type { ActionWords } from '../kernel/index.ts';

/** What operators may do to a mail, in the words of the ops console. */
export const MAIL_ACTIONS = {
  resend: { effect: 'It waits again, and the mail server is asked to take it for another day.' },
} as const satisfies Readonly<Record<string, ActionWords>>;
