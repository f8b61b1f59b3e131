import type { HyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import type { OauthSandbox } from '../../stand-ins/oauth/index.ts';
import type { SmtpSandbox } from '../../stand-ins/smtp/index.ts';
import type { StripeSandbox } from '../../stand-ins/stripe/index.ts';

/** What the play needs of a Veza, however it was started. */
export interface Stage {
  readonly apiUrl: string;
  readonly temporalUiUrl: string | null;
  /** Where the mails that were sent can be read; absent where nobody shows them. */
  readonly mailsUrl?: string;
  readonly psp: HyperswitchSandbox;
  readonly stripe: StripeSandbox;
  readonly smtp: SmtpSandbox;
  /** Plays the providers that people sign in by; absent in production, which knows no stand-in. */
  readonly oauth?: OauthSandbox;
  /** The environment of API, worker and operators' commands. */
  readonly env: Readonly<Record<string, string>>;
}
