import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { at } from '../../kernel/columns.ts';

/**
 * How much of a limit a client without credentials has used, where all API processes see it (docs/adr/0011). An unlogged table
 * (see the migration): after a crash of PostgreSQL everybody begins anew.
 */
export const clientUsage = pgTable(
  'client_usage',
  {
    /** A keyed hash of what is limited, and for whom. */
    scope: text().primaryKey(),
    since: at().notNull(),
    used: integer().notNull(),
    usedBefore: integer().notNull(),
    lastUsedAt: at().notNull(),
  },
  // Not by the last use: that changes at each call, and this once a window.
  (t) => [index('client_usage_by_window').on(t.since, t.scope)],
);
