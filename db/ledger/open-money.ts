import { type SQL, sql } from 'drizzle-orm';
import type { OpenMoney } from '../kernel/index.ts';

const balanceWith = (amounts: SQL) => (person: SQL) =>
  sql`SELECT FROM seller_balances WHERE seller_id = ${person} AND ${amounts}`;

export const LEDGER_OPEN_MONEY = [
  { wait: 'balance_pending', rows: balanceWith(sql`pending_minor > 0`) },
  { wait: 'balance_available', rows: balanceWith(sql`available_minor > 0`) },
  { wait: 'balance_owed', rows: balanceWith(sql`(owed_minor > 0 OR fees_owed_minor > 0)`) },
  {
    wait: 'account_barred',
    rows: (person) => sql`
    SELECT FROM seller_balances JOIN users ON users.id = seller_balances.seller_id
    WHERE seller_balances.seller_id = ${person} AND users.is_barred AND seller_balances.available_minor > 0`,
  },
] as const satisfies readonly OpenMoney[];
