import { type SQL, sql } from 'drizzle-orm';
import { byTime, columnsOf, type ExportPart } from '../kernel/index.ts';

export const PAYOUTS_EXPORT: readonly ExportPart[] = [
  {
    name: 'payouts',
    about: 'What was paid out to your bank.',
    tables: ['seller_payouts'],
    columns: columnsOf(
      'payout',
      ...['id', 'amount_minor', 'currency', 'status', 'stripe_account_id', 'external_payout_id'],
      ...['created_at', 'paid_at', 'failed_at'],
    ),
    from: (person: SQL) => sql`FROM seller_payouts AS payout WHERE payout.seller_id = ${person}`,
    ...byTime('payout'),
  },
];
