import type { MailFailure, MailResult } from '../../domain/accounts/index.ts';

/** What happened to a connection, in one word. */
export class ConnectionFault extends Error {
  override readonly name = 'ConnectionFault';
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Of a mail, and not of the connection: refused senders, recipients and messages (nodemailer's own codes). */
const OF_THE_MAIL: ReadonlySet<unknown> = new Set(['EENVELOPE', 'EMESSAGE']);
/** RFC 4954: the server wants a sign-in that it was not given. All mails would be refused by it. */
const SIGN_IN_FIRST = 530;

/** Codes as they are made by programs; whatever else stands there may be a text. */
const CODE = /^[A-Z][A-Z0-9_]{1,39}$/i;

/**
 * What a failure of nodemailer says about the mail. A 5xx counts as refused only where the server gave it to this mail: one
 * to our greeting or our password says nothing about the mail. `at` is how far it came.
 */
export function resultOf(error: unknown, at: MailFailure['at']): MailResult {
  const { code, responseCode: status } = wordsOf(error);
  if (typeof status !== 'number' || status < 400)
    return { kind: 'unknown', code: typeof code === 'string' && CODE.test(code) ? code : 'failed', at };
  const isRefused = status >= 500 && status !== SIGN_IN_FIRST && OF_THE_MAIL.has(code);
  return isRefused ? { kind: 'refused', status } : { kind: 'unknown', code: String(status), at };
}

const wordsOf = (error: unknown): { readonly code?: unknown; readonly responseCode?: unknown } =>
  typeof error === 'object' && error !== null ? error : {};
