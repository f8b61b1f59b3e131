import type { ErrorEntries } from '../error-entry.ts';

/** Who calls, and what they may do. */
export const ACCOUNTS_ERRORS = {
  credentials_ambiguous: { status: 400, title: 'A bearer token and an API key were given', retry: false },
  unauthenticated: { status: 401, title: 'No valid credentials were given', retry: false },
  forbidden: { status: 403, title: 'Your role or API key does not allow this', retry: false },
  person_required: { status: 403, title: 'This takes a person, not an API key', retry: false },
  rate_limited: { status: 429, title: 'The API key or the person has used the limit', retry: false },
  api_key_not_found: { status: 404, title: 'No such API key', retry: false },
} as const satisfies ErrorEntries;
