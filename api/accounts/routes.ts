import { askPasswordReset } from './ask-password-reset.ts';
import { beginOauth } from './begin-oauth.ts';
import { changeEmail } from './change-email.ts';
import { changePassword } from './change-password.ts';
import { makeChatToken } from './chat-token.ts';
import { confirmEmail } from './confirm-email.ts';
import { confirmPasswordReset } from './confirm-password-reset.ts';
import { confirmTwoFactor } from './confirm-two-factor.ts';
import { createApiKey } from './create-api-key.ts';
import { endOtherSessions } from './end-other-sessions.ts';
import { endSession } from './end-session.ts';
import { exchangeOauthCode } from './exchange-oauth-code.ts';
import { finishOauth } from './finish-oauth.ts';
import { linkProvider } from './link-provider.ts';
import { listApiKeys } from './list-api-keys.ts';
import { listOwnApiKeys } from './list-own-api-keys.ts';
import { listSessions } from './list-sessions.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { makeOwnApiKey } from './make-own-api-key.ts';
import { meetChallenge } from './meet-challenge.ts';
import { putProfile } from './put-profile.ts';
import { publishKeys } from './publish-keys.ts';
import { putUser } from './put-user.ts';
import { readMe } from './read-me.ts';
import { readProfile } from './read-profile.ts';
import { readSession } from './read-session.ts';
import { refresh } from './refresh.ts';
import { register } from './register.ts';
import { renewBackupCodes } from './renew-backup-codes.ts';
import { resendVerification } from './resend-verification.ts';
import { revokeApiKey } from './revoke-api-key.ts';
import { revokeOwnApiKey } from './revoke-own-api-key.ts';
import { setUpTwoFactor } from './set-up-two-factor.ts';
import { turnOffTwoFactor } from './turn-off-two-factor.ts';
import { unlinkProvider } from './unlink-provider.ts';
import { upgradeCreator } from './upgrade-creator.ts';
import { verifyEmail } from './verify-email.ts';

/** Beside the version: where others look for them. */
export const WELL_KNOWN_ROUTES = [publishKeys] as const;

/** In the order of the reference page. */
export const ACCOUNTS_ROUTES = [
  ...[register, verifyEmail, resendVerification, askPasswordReset, confirmPasswordReset, confirmEmail],
  ...[login, meetChallenge, refresh, logout, readSession, makeChatToken],
  ...[beginOauth, finishOauth, exchangeOauthCode, linkProvider, unlinkProvider],
  ...[readMe, readProfile, putProfile, upgradeCreator],
  ...[changePassword, changeEmail, listSessions, endSession, endOtherSessions],
  ...[setUpTwoFactor, confirmTwoFactor, renewBackupCodes, turnOffTwoFactor],
  ...[makeOwnApiKey, listOwnApiKeys, revokeOwnApiKey],
  ...[createApiKey, listApiKeys, revokeApiKey],
  ...[putUser],
] as const;
