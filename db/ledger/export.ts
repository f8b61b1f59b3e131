import { type SQL, sql } from 'drizzle-orm';
import { columnsOf, type ExportPart } from '../kernel/index.ts';

const BUCKETS = ['pending', 'available', 'paying_out', 'owed', 'fees_owed'] as const;

export const LEDGER_EXPORT: readonly ExportPart[] = [
  {
    name: 'balances',
    about: 'What you have here as a seller, in each currency.',
    tables: ['seller_balances'],
    columns: columnsOf('balance', 'currency', ...BUCKETS.map((bucket) => `${bucket}_minor`)),
    from: (person: SQL) => sql`FROM seller_balances AS balance WHERE balance.seller_id = ${person}`,
    // A balance has no time of its own.
    since: sql`'-infinity'::timestamptz`,
    order: [[sql`balance.currency`, 'text']],
  },
  {
    name: 'statement',
    about: 'Each movement of your balance, and what you had after it.',
    tables: ['seller_postings'],
    columns: columnsOf(
      'posting',
      ...['created_at', 'currency'],
      ...BUCKETS.map((bucket) => `${bucket}_change`),
      ...BUCKETS.map((bucket) => `${bucket}_minor`),
    ),
    from: (person: SQL) => sql`FROM seller_postings AS posting WHERE posting.seller_id = ${person}`,
    since: sql`posting.created_at`,
    order: [
      [sql`posting.created_at`, 'timestamptz'],
      [sql`posting.first_entry_id`, 'bigint'],
    ],
  },
];
