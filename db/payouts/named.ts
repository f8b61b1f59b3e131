import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

export const PAYOUTS_NAMED: readonly NamedRows[] = [
  // By their person: their id alone names the account.
  { kind: 'balance', table: sql`(SELECT DISTINCT seller_id AS id FROM seller_balances) AS sellers` },
  { kind: 'payout', table: sql`seller_payouts`, providerId: sql`external_payout_id` },
];
