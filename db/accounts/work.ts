import { sql } from 'drizzle-orm';
import type { WorkPart } from '../kernel/index.ts';

export const ACCOUNTS_WORK = {
  mail: {
    // As the alert on them: a mail server that is back after a restart has taken it by then.
    listedAfterMinutes: 15,
    rows: sql`
    SELECT 'mail', 'mail/' || id, id, NULL, NULL, status, queued_at, NULL, NULL, NULL,
      error_code, NULL, next_attempt_at, attempts
    FROM mails WHERE status = 'queued'`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
