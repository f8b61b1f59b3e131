import type { ErrorEntries } from '../error-entry.ts';

/** Who calls, and what they may do. */
export const ACCOUNTS_ERRORS = {
  credentials_ambiguous: { status: 400, title: 'More than one kind of credentials was given', retry: false },
  unauthenticated: { status: 401, title: 'No valid credentials were given', retry: false },
  session_ended: { status: 401, title: 'The session has ended', retry: false },
  invalid_credentials: { status: 401, title: 'Address and password do not belong together', retry: false },
  token_invalid: { status: 400, title: 'The link is good no more', retry: false },
  reauthentication_required: { status: 403, title: 'Prove once more who you are', retry: false },
  account_exists: { status: 409, title: 'Another account has this address', retry: false },
  password_refused: { status: 422, title: 'The password cannot be taken', retry: false },
  mail_not_sent: { status: 500, title: 'The mail could not be sent, so nothing was done', retry: true },
  refresh_token_invalid: { status: 401, title: 'No such refresh token', retry: false },
  refresh_token_reused: { status: 401, title: 'The refresh token was used before', retry: false },
  email_not_verified: { status: 403, title: 'The address was not confirmed yet', retry: false },
  csrf_failed: { status: 403, title: 'The request does not come from a page of ours', retry: false },
  identity_is_external: { status: 404, title: 'An identity provider keeps the accounts', retry: false },
  session_not_found: { status: 404, title: 'No such session', retry: false },
  too_many_attempts: { status: 429, title: 'Too many attempts failed', retry: false },
  account_disabled: { status: 403, title: 'The account was disabled', retry: false },
  account_closing: { status: 403, title: 'The account is being closed', retry: false },
  forbidden: { status: 403, title: 'Your role or API key does not allow this', retry: false },
  person_required: { status: 403, title: 'This takes a person, not an API key', retry: false },
  rate_limited: {
    status: 429,
    title: 'The API key, the person or the client has used the limit',
    retry: false,
  },
  two_factor_is_off: { status: 409, title: 'No second factor guards the account', retry: false },
  last_admin: { status: 409, title: 'No other admin would be left', retry: false },
  user_not_found: { status: 404, title: 'No such user', retry: false },
  personal_data_unreadable: {
    status: 500,
    title: 'Personal data cannot be read with the keys that are here',
    retry: true,
  },
  api_key_not_found: { status: 404, title: 'No such API key', retry: false },
} as const satisfies ErrorEntries;
