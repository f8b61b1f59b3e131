import type { Config } from '../../config.ts';
import type { MailAttachment, Mailer, MailTerms } from '../../domain/accounts/index.ts';
import type { MailText } from '../../domain/mails.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { KernelDeps } from '../kernel/index.ts';

export interface AccountsSettings {
  readonly mail: MailTerms & {
    readonly appUrl: string;
    /** Whether there is a mail server: without one mails wait, and are started by nobody. */
    readonly hasServer: boolean;
  };
}

export const accountsSettings = (config: Config): AccountsSettings => ({
  mail: {
    retry: { baseMs: config.MAIL_RETRY_BASE, maxMs: config.MAIL_RETRY_MAX },
    giveUpAfterMs: config.MAIL_GIVE_UP_AFTER,
    appUrl: config.APP_URL,
    hasServer: config.SMTP_HOST !== undefined,
  },
});

export interface AccountsDeps extends KernelDeps {
  readonly engine: Engine;
  readonly mailer: Mailer;
  /** What goes with a mail; the root knows the documents of subjects above. */
  attachmentsOf(mail: MailText): Promise<readonly MailAttachment[]>;
  readonly settings: AccountsSettings;
}
