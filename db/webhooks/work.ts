import { sql } from 'drizzle-orm';
import type { WorkPart } from '../kernel/index.ts';

export const WEBHOOKS_WORK = {
  webhook: {
    rows: sql`
    SELECT 'webhook', 'webhook/' || id, id, NULL, NULL, outcome, received_at, reconcile_checked_at, NULL, NULL, error, NULL,
      NULL, NULL
    FROM webhook_events WHERE processed_at IS NULL OR outcome = 'unmatched'`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
