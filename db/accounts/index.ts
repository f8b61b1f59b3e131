export { type ApiKeyRow, listApiKeys, readKeyByPrefix } from './api-keys.ts';
export { assertAdmin, lockRoles, refuseNoAdmin } from './assert-admin.ts';
export { readMailStatus } from './mail-status.ts';
export { closeLeaving, openStaying, shutForErasing } from './leaving.ts';
export { disableAccount } from './operators/disable.ts';
export { enableAccount } from './operators/enable.ts';
export { endAllSessions } from './operators/end-all-sessions.ts';
export { inviteAdmin } from './operators/invite-admin.ts';
export { type Account, lockAccount } from './lock-account.ts';
export { ACCOUNTS_NAMED } from './operators/named.ts';
export { type AccountStory, findAccount, readAccount } from './operators/read-account.ts';
export { putUser, type UserToPut } from './operators/put-user.ts';
export { resetSecondFactor } from './operators/reset-second-factor.ts';
export { giveAdmin, takeAdmin } from './operators/set-admin.ts';
export { unblockAccount } from './operators/unblock.ts';
export { verifyAddress } from './operators/verify-address.ts';
export { type ApiKeyToKeep, createApiKey, createOwnApiKey, type NewApiKey } from './create-api-key.ts';
export { isKeyOf, makeKey, prefixOf } from './key-text.ts';
export { revokeApiKey, revokeOwnApiKey } from './revoke-api-key.ts';
export { auditUpgrade, upgradeToCreator } from './upgrade-creator.ts';
export { users } from './schema.ts';
export { listMailsOf, type Mail } from './list-mails.ts';
export { writeMail } from './write-mail.ts';
export { lockMail } from './mails/lock.ts';
export { openParams } from './mails/open.ts';
export { readMail } from './mails/read.ts';
export { recordMailAttempt } from './mails/record-attempt.ts';
export { resendMail } from './mails/resend.ts';
export { readMailToSend } from './mails/to-send.ts';
export type { MailRow } from './mails/transition.ts';
export { listWaitingMails, type MailLabel } from './mails/waiting.ts';
export {
  ACCOUNTS_FIGURES,
  OPEN_MAILS,
  type OpenMailFigure,
  SIGN_INS_OF_AN_HOUR,
  type SignInFigure,
} from './figures.ts';
export { ACCOUNTS_WORK } from './work.ts';
export { readStanding, readStandingOf } from './standing.ts';
export { transitionUser } from './transition.ts';
export { endSession, endSessions } from './sessions/end.ts';
export { hashOfSecret, openSession, type Session } from './sessions/open.ts';
export { endOtherSessions, endOwnSession } from './sessions/end-own.ts';
export { listSessions, readSession, readSessionBySecret } from './sessions/read.ts';
export { refreshSession } from './sessions/refresh.ts';
export { signIn } from './sessions/sign-in.ts';
export { scopeOf } from './limits/scope.ts';
export { type ClientLimit, takeClientCall } from './limits/take-client-call.ts';
export { PasswordHasher } from './passwords/hasher.ts';
export { type Profile, putProfile, readProfile } from './profile.ts';
export { type NewcomerByToken, provisionUser } from './provision.ts';
export { provePassword } from './passwords/prove.ts';
export { strengthenHash } from './passwords/strengthen.ts';
export { changePassword } from './passwords/change.ts';
export { addressOfReset, resetPassword } from './passwords/reset.ts';
export { signToken } from './tokens/sign.ts';
export { ADDRESS_CHANGES_A_DAY, takeAddressChange } from './limits/take-address-change.ts';
export { takeMail } from './limits/take-mail.ts';
export { askForReset, askForVerification } from './registration/ask-again.ts';
export { askForNewEmail, confirmNewEmail } from './registration/change-email.ts';
export { register } from './registration/register.ts';
export { verifyEmail } from './registration/verify-email.ts';
export { newBackupCodes } from './second-factor/backup-code-text.ts';
export {
  giveBackChallenge,
  meetChallenge,
  openChallenge,
  takeChallenge,
} from './second-factor/challenges.ts';
export { proveNewSecret, proveSecondFactor, type ProvedBy } from './second-factor/prove.ts';
export {
  type CodeHashes,
  keepSecret,
  readSecret,
  renewCodes,
  turnOff,
  turnOn,
} from './second-factor/set-up.ts';
export { newSecret, uriOf } from './second-factor/totp.ts';
export { stepUp } from './sessions/step-up.ts';
export { oauthCodeInvalid, readOauthCode, useOauthCode } from './oauth/codes.ts';
export { type Encrypted, encryptOauthTokens } from './oauth/encrypt.ts';
export { linkProvider, unlinkProvider } from './oauth/link.ts';
export { signInByProvider } from './oauth/sign-in.ts';
export { beginOauth, type OauthWay, takeOauth } from './oauth/states.ts';
export { freshTokens, listProviderLinks, type ProviderLink } from './oauth/fresh-tokens.ts';
export { type OwnUser, readUser, readUserByEmail } from './read-user.ts';
export { openOf, sealFor } from './sealing/person.ts';
export { readUnreadable, type UnreadableFigure, unreadableMails, WRAPPING_KEYS } from './sealing/figures.ts';
export { type Rewrapped, rewrapKeys } from './sealing/rewrap.ts';
export { openUnderRing, sealUnderRing } from './sealing/ring.ts';
export type { Place } from './sealing/aead.ts';
export { takeBearerCall, takeCall } from './take-call.ts';
export { ROWS_OVER, sessionAddressesOver, SESSIONS_WITH_TOKENS, unconfirmedAccounts } from './upkeep/over.ts';
export { removeRefreshTokens } from './upkeep/remove-refresh-tokens.ts';
export { removeUnconfirmed } from './upkeep/remove-unconfirmed.ts';
export { readUserRole } from './users.ts';
export { ACCOUNTS_EXPORT } from './export.ts';
