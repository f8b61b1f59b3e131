import { type SQL, sql } from 'drizzle-orm';
import { columnsOf, type ExportPart } from '../kernel/index.ts';

export const SELLERS_EXPORT: readonly ExportPart[] = [
  {
    name: 'seller_account',
    about: 'Your account at Stripe, which is yours to close there.',
    tables: ['seller_accounts'],
    columns: columnsOf(
      'account',
      ...['stripe_account_id', 'transfers_enabled', 'payouts_enabled', 'country', 'created_at'],
    ),
    from: (person: SQL) => sql`FROM seller_accounts AS account WHERE account.user_id = ${person}`,
    since: sql`account.created_at`,
    order: [[sql`account.user_id`, 'uuid']],
  },
];
