export {
  API_KEY_NAME_MAX_CHARS,
  API_KEY_SCOPES,
  type ApiKeyScope,
  callerByKey,
  callKindOf,
  CALLS_PER_HOUR_MAX,
  mayCall,
  READS_PER_HOUR,
  WRITES_PER_HOUR,
} from './api-keys.ts';
export {
  type MailAttachment,
  type Mailer,
  type MailFailure,
  type MailResult,
  NO_MAILER,
  type OutgoingMail,
} from './mailer.ts';
export { apiKeySubject, MAILS_SCHEDULE_ID, mailWorkflowId, userSubject } from './ids.ts';
export { FAULT_TEXTS, passwordFault } from './passwords/rules.ts';
export { ACCOUNT_MAILS } from './mails.ts';
export { MAIL_ACTIONS } from './mail-actions.ts';
export type { MailAttempt, MailTerms } from './mail-attempts.ts';
export { asOrdinaryUser, type Caller, type Role, ROLES, SELF_MADE_ROLE, SELLING_ROLES } from './roles.ts';
export {
  type OauthClient,
  type OauthClients,
  type OauthFailure,
  type OauthIdentity,
  type OauthRenewal,
  type OauthRevocation,
  type OauthTokens,
} from './oauth.ts';
export {
  type AccountTokenPurpose,
  AUTHENTICATION_METHODS,
  type AuthenticationMethod,
  CONSOLE_SESSION,
  FRESH_SIGN_IN_MS,
  hasSecondFactor,
  isSignInFailure,
  OAUTH_PROVIDERS,
  type OauthProvider,
  SESSION_KINDS,
  SIGN_IN_FAILURES,
  type SessionEndReason,
  type SessionKind,
  type SignInFailure,
  ENDED_SESSIONS_KEPT_MS,
} from './sessions.ts';
export { USER_STATUSES } from './user-machine.ts';
export { mayRedirectTo } from './redirects.ts';
export { type Standing, whyNotLetIn } from './standing.ts';
export { IDENTITIES, type Identity, identityOf } from './identity.ts';
export {
  isSigningAlgorithm,
  SIGNING_ALGORITHMS,
  type Signer,
  signerOf,
  type SignerSettings,
  type SigningAlgorithm,
  type SigningKey,
} from './signing-keys.ts';
