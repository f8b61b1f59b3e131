import type { ErrorEntries } from '../error-entry.ts';

/** Copies of what is held on a person, and leaving. */
export const PRIVACY_ERRORS = {
  export_limit_reached: { status: 429, title: 'No more copies today', retry: false },
} as const satisfies ErrorEntries;
