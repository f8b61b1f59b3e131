import type { ErrorEntries } from '../error-entry.ts';

/** Errors of stored webhooks and of their replay. */
export const WEBHOOKS_ERRORS = {
  signature_invalid: { status: 401, title: 'The webhook signature does not verify', retry: false },
  webhook_not_found: { status: 404, title: 'No such webhook event', retry: false },
  webhook_body_gone: { status: 409, title: 'The body of the webhook was deleted', retry: false },
  webhook_malformed: { status: 400, title: 'The webhook cannot be read', retry: false },
} as const satisfies ErrorEntries;
