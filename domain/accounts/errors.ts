import type { ErrorEntries } from '../error-entry.ts';

/** Who calls, and what they may do. */
export const ACCOUNTS_ERRORS = {
  credentials_ambiguous: { status: 400, title: 'A bearer token and an API key were given', retry: false },
  unauthenticated: { status: 401, title: 'No valid credentials were given', retry: false },
  session_ended: { status: 401, title: 'The session has ended', retry: false },
  account_disabled: { status: 403, title: 'The account was disabled', retry: false },
  account_closing: { status: 403, title: 'The account is being closed', retry: false },
  forbidden: { status: 403, title: 'Your role or API key does not allow this', retry: false },
  person_required: { status: 403, title: 'This takes a person, not an API key', retry: false },
  rate_limited: { status: 429, title: 'The API key or the person has used the limit', retry: false },
  user_not_found: { status: 404, title: 'No such user', retry: false },
  personal_data_unreadable: {
    status: 500,
    title: 'Personal data cannot be read with the keys that are here',
    retry: false,
  },
  api_key_not_found: { status: 404, title: 'No such API key', retry: false },
} as const satisfies ErrorEntries;
