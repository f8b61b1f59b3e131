import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

export const APPROVALS_NAMED: readonly NamedRows[] = [{ kind: 'approval', table: sql`approvals` }];
