import type { ErrorEntries } from '../error-entry.ts';

/** A second admin. */
export const APPROVALS_ERRORS = {
  approval_not_found: { status: 404, title: 'No such approval', retry: false },
  approval_ended: { status: 409, title: 'The approval was decided on or has expired', retry: false },
  approval_outdated: { status: 409, title: 'What it is about has changed since', retry: false },
  second_admin_required: { status: 403, title: 'Another admin has to agree', retry: false },
} as const satisfies ErrorEntries;
