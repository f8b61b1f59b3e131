import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

/** A deletion is named by its person: their id alone names the account. */
export const PRIVACY_NAMED: readonly NamedRows[] = [
  { kind: 'export', table: sql`data_exports` },
  { kind: 'deletion', table: sql`(SELECT user_id AS id FROM account_deletions) AS leaving` },
];
