import type { ErrorEntries } from '../error-entry.ts';

/** Copies of what is held on a person, and leaving. */
export const PRIVACY_ERRORS = {
  export_limit_reached: { status: 429, title: 'No more copies today', retry: false },
  deletion_not_found: { status: 404, title: 'The account is not being closed', retry: false },
  deletion_held: { status: 409, title: 'An operator holds the deletion', retry: false },
  deletion_final: { status: 409, title: 'The erasing has begun', retry: false },
} as const satisfies ErrorEntries;
