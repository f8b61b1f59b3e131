import type { ErrorEntries } from '../error-entry.ts';

/** What operators look at and do. */
export const OPERATORS_ERRORS = {
  maintenance: { status: 503, title: 'Veza is under maintenance', retry: true },
  subject_not_found: { status: 404, title: 'Nothing is known by that id', retry: false },
  action_unknown: { status: 422, title: 'That cannot be done to this', retry: false },
  preview_outdated: { status: 409, title: 'It has changed since it was shown', retry: false },
  list_changed: { status: 409, title: 'The list has changed since it was shown', retry: false },
  list_empty: { status: 409, title: 'The list is empty', retry: false },
} as const satisfies ErrorEntries;
