import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart } from '../kernel/index.ts';

export const PAYOUTS_FIGURES = {
  open: {
    payout: sql`
    SELECT 'payout', status, currency, ${countedRows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
    FROM seller_payouts WHERE status = 'pending' GROUP BY status, currency`,
  },
  openSince: {
    payout: sql`SELECT 'payout', created_at FROM seller_payouts WHERE status = 'pending'`,
  },
} as const satisfies FigurePart;
