import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';
import { verifyEmail } from './verify-email.ts';
import { alreadyRegistered } from './already-registered.ts';
import { passwordReset } from './password-reset.ts';
import { confirmEmailChange } from './confirm-email-change.ts';
import { passwordChanged } from './password-changed.ts';
import { emailChangeRequested } from './email-change-requested.ts';
import { emailChanged } from './email-changed.ts';
import { twoFactorOn } from './two-factor-on.ts';
import { twoFactorOff } from './two-factor-off.ts';
import { twoFactorBlocked } from './two-factor-blocked.ts';
import { backupCodeUsed } from './backup-code-used.ts';
import { oauthLinked } from './oauth-linked.ts';
import { oauthUnlinked } from './oauth-unlinked.ts';
import { newSignIn } from './new-sign-in.ts';
import { sessionReuse } from './session-reuse.ts';
import { invitation } from './invitation.ts';

/** A text for each kind. */
export const ACCOUNT_MAIL_TEXTS: {
  readonly [Kind in keyof AccountMailParams]: MailTemplate<AccountMailParams[Kind]>;
} = {
  verify_email: verifyEmail,
  already_registered: alreadyRegistered,
  password_reset: passwordReset,
  confirm_email_change: confirmEmailChange,
  password_changed: passwordChanged,
  email_change_requested: emailChangeRequested,
  email_changed: emailChanged,
  two_factor_on: twoFactorOn,
  two_factor_off: twoFactorOff,
  two_factor_blocked: twoFactorBlocked,
  backup_code_used: backupCodeUsed,
  oauth_linked: oauthLinked,
  oauth_unlinked: oauthUnlinked,
  new_sign_in: newSignIn,
  session_reuse: sessionReuse,
  invitation: invitation,
};
