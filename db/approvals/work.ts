import { sql } from 'drizzle-orm';
import type { WorkPart } from '../kernel/index.ts';

/** Actions that wait for a second admin, or were agreed to and the engine was never notified of. */
export const APPROVALS_WORK = {
  approval: {
    needsPerson: true,
    rows: sql`
    SELECT 'approval', subject, id, NULL, NULL, status, requested_at, NULL, amount_minor, currency, reason, NULL, NULL, NULL
    FROM approvals WHERE (status = 'pending' AND expires_at > now()) OR (status = 'approved' AND told_at IS NULL)`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
