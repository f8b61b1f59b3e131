import type { SubjectPart } from '../row-kind.ts';

/** What operators know of providers' files: their exceptions have a page of their own. */
export const SETTLEMENTS = {
  rows: [],
  stuck: {},
  flags: {
    statement_exceptions: {
      next: 'Nothing, until a person has resolved each of its exceptions: the last one clears it.',
      isClearedByRows: true,
    },
  },
} as const satisfies SubjectPart;
