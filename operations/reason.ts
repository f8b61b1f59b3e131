import type { Act } from '../db/kernel/index.ts';
import { VezaError } from '../domain/errors.ts';

/** The reason. Throws `validation_failed` where there is none. */
export function reasonOf({ reason }: Act): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new VezaError('validation_failed', 'Say why: the reason is kept in the audit log.', {
    field: 'reason',
  });
}
