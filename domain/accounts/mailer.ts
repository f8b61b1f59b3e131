/** A mail as it goes to the mail server. */
export interface OutgoingMail {
  /** One address, without a name. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same at each attempt, so that a mailbox may know a mail that arrives twice: `<…@host>`. */
  readonly messageId: string;
  readonly attachments?: readonly MailAttachment[];
}

export interface MailAttachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

/**
 * What the mail server made of a mail. `refused`: it will never take it, with its SMTP status (5xx). `unknown`: it did not
 * take it yet, or it cannot be known whether it did; the code is its SMTP status or one of the connection's, `ETIMEDOUT`.
 * Its words are not among it: they name the recipient. `at`: a failure of the connection, to which the sign-in belongs, would meet
 * every mail, and a greeting too.
 */
export type MailResult =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly status: number }
  | ({ readonly kind: 'unknown' } & MailFailure);

export interface MailFailure {
  readonly code: string;
  readonly at: 'connection' | 'mail';
}

/** Sends mails; the roots make one of it that speaks SMTP. */
export interface Mailer {
  /** The longest time for one mail, SMTP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Never throws, and takes `timeoutMs` at most. */
  send(mail: OutgoingMail): Promise<MailResult>;
  /** Connects, greets and signs in as `send` does, and sends nothing. */
  greet(): Promise<'reached' | 'unreachable'>;
  /** Ends what is under way; that is `unknown` then. */
  close(): void;
}

/** Where no mail server is named: each mail is `unknown`. */
export const NO_MAILER: Mailer = {
  timeoutMs: 0,
  send: async () => ({ kind: 'unknown', code: 'no_mail_server', at: 'connection' }),
  greet: async () => 'unreachable',
  close() {},
};
