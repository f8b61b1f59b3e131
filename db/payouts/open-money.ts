import { sql } from 'drizzle-orm';
import type { OpenMoney } from '../kernel/index.ts';

export const PAYOUTS_OPEN_MONEY = [
  {
    wait: 'payout_open',
    rows: (person) => sql`SELECT FROM seller_payouts WHERE seller_id = ${person} AND status = 'pending'`,
  },
] as const satisfies readonly OpenMoney[];
