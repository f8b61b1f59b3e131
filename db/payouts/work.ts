import { sql } from 'drizzle-orm';
import type { WorkPart } from '../kernel/index.ts';

export const PAYOUTS_WORK = {
  payout: {
    isMoney: true,
    rows: sql`
    SELECT 'payout', 'payout/' || id, id, NULL, seller_id, status, created_at, work_checked_at, amount_minor, currency,
      error_message, waiting_for, next_retry_at, retry_count
    FROM seller_payouts WHERE status = 'pending'`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
