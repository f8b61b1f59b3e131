import { type SQL, sql } from 'drizzle-orm';
import { columnsOf, type ExportPart } from '../kernel/index.ts';

const byRequest = (table: string): Pick<ExportPart, 'since' | 'order'> => ({
  since: sql.raw(`${table}.requested_at`),
  order: [
    [sql.raw(`${table}.requested_at`), 'timestamptz'],
    [sql.raw(`${table}.id`), 'uuid'],
  ],
});

/** What is held of a person’s own requests. */
export const PRIVACY_EXPORT: readonly ExportPart[] = [
  {
    name: 'copies',
    about: 'Copies of your data that you asked for, this one among them.',
    tables: ['data_exports'],
    columns: columnsOf('copy', 'id', 'status', 'downloads', 'requested_at', 'ready_at', 'expires_at'),
    from: (person: SQL) => sql`FROM data_exports AS copy WHERE copy.user_id = ${person}`,
    ...byRequest('copy'),
  },
  {
    name: 'deletions',
    about: 'Whether you asked to leave.',
    tables: ['account_deletions'],
    columns: columnsOf(
      'leaving',
      ...['id', 'status', 'keep_public_tracks', 'requested_at', 'final_at', 'undone_at'],
    ),
    from: (person: SQL) => sql`FROM account_deletions AS leaving WHERE leaving.user_id = ${person}`,
    ...byRequest('leaving'),
  },
];
