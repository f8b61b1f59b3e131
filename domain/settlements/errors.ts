import type { ErrorEntries } from '../error-entry.ts';

/** Errors of providers' settlement files and of their differences from our rows. */
export const SETTLEMENTS_ERRORS = {
  statement_not_found: { status: 404, title: 'No such settlement file', retry: false },
  statement_exception_not_found: { status: 404, title: 'No such settlement exception', retry: false },
  statement_exception_resolved: { status: 409, title: 'The exception is resolved already', retry: false },
} as const satisfies ErrorEntries;
