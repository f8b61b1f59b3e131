import { sql } from 'drizzle-orm';
import type { RowsOver } from '../kernel/index.ts';

/** Ways to a file that are over, whether somebody went them or not. */
export const TICKETS_OVER: RowsOver = {
  table: 'export_tickets',
  key: ['token_hash', 'text'],
  overAt: sql`expires_at`,
  keptForMs: 0,
};
