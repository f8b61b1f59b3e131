import type { MailKind } from '../../domain/mails.ts';

/** The sending of mails. */
export interface MailEngine {
  /** Starts a mail's workflow, or joins the one that runs. */
  startMail(mail: {
    readonly mailId: string;
    readonly userId: string | null;
    readonly kind: MailKind;
  }): Promise<void>;
}
