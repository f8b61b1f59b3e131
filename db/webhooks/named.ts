import { sql } from 'drizzle-orm';
import type { NamedRows } from '../kernel/index.ts';

export const WEBHOOKS_NAMED: readonly NamedRows[] = [{ kind: 'webhook', table: sql`webhook_events` }];
