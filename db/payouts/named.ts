import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

export const PAYOUTS_NAMED: readonly NamedRows[] = [
  { kind: 'payout', table: sql`seller_payouts`, providerId: sql`external_payout_id` },
];
