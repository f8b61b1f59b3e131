import type { ErrorEntries } from '../error-entry.ts';

/** Errors that a call about any subject may answer. */
export const KERNEL_ERRORS = {
  malformed_json: { status: 400, title: 'The body is not valid JSON', retry: false },
  validation_failed: { status: 422, title: 'A field has a value that cannot be accepted', retry: false },
  not_found: { status: 404, title: 'There is nothing here', retry: false },
  method_not_allowed: { status: 405, title: 'This resource does not take that method', retry: false },
  payload_too_large: { status: 413, title: 'The body is too large', retry: false },
  body_too_slow: { status: 408, title: 'The body came too slowly', retry: false },
  overloaded: { status: 503, title: 'Too much is being sent at once', retry: true },
  unsupported_media_type: { status: 415, title: 'The body must be application/json', retry: false },
  idempotency_key_invalid: { status: 400, title: 'The Idempotency-Key header cannot be used', retry: false },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key came with another body', retry: false },
  flag_not_found: { status: 404, title: 'No such flag', retry: false },
  flag_not_open: { status: 409, title: 'The flag was cleared', retry: false },
  payload_unreadable: { status: 503, title: 'What the engine keeps cannot be read', retry: true },
  engine_busy: { status: 503, title: 'More is asked for than can be begun now', retry: true },
  engine_unavailable: { status: 503, title: 'The engine or the database cannot be reached', retry: true },
  internal_error: { status: 500, title: 'Something went wrong on our side', retry: true },
} as const satisfies ErrorEntries;
