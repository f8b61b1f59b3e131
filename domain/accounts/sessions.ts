/** Why an attempt to prove who one is failed: what figures tell apart, by the code of the error. */
export const SIGN_IN_FAILURES = ['invalid_credentials', 'two_factor_invalid', 'too_many_attempts'] as const;
export type SignInFailure = (typeof SIGN_IN_FAILURES)[number];

export const isSignInFailure = (code: string): code is SignInFailure =>
  SIGN_IN_FAILURES.some((known) => known === code);

/** `token`: an app with access and refresh tokens; `cookie`: a browser; `ops`: a token from the command line. */
export const SESSION_KINDS = ['token', 'cookie', 'console', 'ops'] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

/**
 * How somebody proved who they are (RFC 8176 where it has a word): password, one-time code, backup code, another provider,
 * the command line.
 */
export const AUTHENTICATION_METHODS = ['pwd', 'otp', 'backup', 'oauth', 'cli'] as const;
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

export const SESSION_END_REASONS = [
  'logout',
  'revoked',
  'password_changed',
  'password_reset',
  'two_factor_changed',
  'refresh_token_reused',
  'by_operator',
  'account_disabled',
  'account_closing',
  'stepped_up',
] as const;
export type SessionEndReason = (typeof SESSION_END_REASONS)[number];

export const ACCOUNT_TOKEN_PURPOSES = [
  'verify_email',
  'reset_password',
  'change_email',
  'invitation',
] as const;
export type AccountTokenPurpose = (typeof ACCOUNT_TOKEN_PURPOSES)[number];
export const OAUTH_PROVIDERS = ['google', 'github', 'discord', 'spotify', 'oidc'] as const;
export type OauthProvider = (typeof OAUTH_PROVIDERS)[number];
export const OAUTH_PURPOSES = ['sign_in', 'link'] as const;

/** What counts as a second factor: the command line is reached by other means than a password. */
const SECOND_FACTORS: readonly AuthenticationMethod[] = ['otp', 'backup', 'cli'];
export const hasSecondFactor = (amr: readonly AuthenticationMethod[]): boolean =>
  amr.some((method) => SECOND_FACTORS.includes(method));

/** Who has no password proves who they are by a sign-in that is not longer ago than this. */
export const FRESH_SIGN_IN_MS = 10 * 60 * 1000;

/** So long after their end people and operators see where somebody was signed in, and a sign-in from there is no new one. */
export const ENDED_SESSIONS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** How long somebody is signed in to the console: at most, and while nobody looks at it. */
export const CONSOLE_SESSION = { ttlMs: 8 * 60 * 60 * 1000, idleMs: 30 * 60 * 1000 } as const;
