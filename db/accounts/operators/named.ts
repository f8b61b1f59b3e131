import { sql } from 'drizzle-orm';
import type { NamedRows } from '../../kernel/index.ts';

export const ACCOUNTS_NAMED: readonly NamedRows[] = [
  { kind: 'account', table: sql`users` },
  { kind: 'mail', table: sql`mails` },
];
