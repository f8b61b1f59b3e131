import { askPasswordReset } from './ask-password-reset.ts';
import { changeEmail } from './change-email.ts';
import { changePassword } from './change-password.ts';
import { confirmEmail } from './confirm-email.ts';
import { confirmPasswordReset } from './confirm-password-reset.ts';
import { createApiKey } from './create-api-key.ts';
import { endOtherSessions } from './end-other-sessions.ts';
import { endSession } from './end-session.ts';
import { listApiKeys } from './list-api-keys.ts';
import { listSessions } from './list-sessions.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { readMe } from './read-me.ts';
import { readSession } from './read-session.ts';
import { refresh } from './refresh.ts';
import { register } from './register.ts';
import { resendVerification } from './resend-verification.ts';
import { revokeApiKey } from './revoke-api-key.ts';
import { verifyEmail } from './verify-email.ts';

/** In the order of the reference page. */
export const ACCOUNTS_ROUTES = [
  ...[register, verifyEmail, resendVerification, askPasswordReset, confirmPasswordReset, confirmEmail],
  ...[login, refresh, logout, readSession],
  ...[readMe, changePassword, changeEmail, listSessions, endSession, endOtherSessions],
  ...[createApiKey, listApiKeys, revokeApiKey],
] as const;
