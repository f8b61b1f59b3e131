import { sql } from 'drizzle-orm';
import type { UserStatus } from '../../domain/accounts/user-machine.ts';
import { users } from './schema.ts';

/** The status of an account as its person meets it: one that is barred while they leave is disabled to them. */
export const STATUS_TO_THEM = sql<UserStatus>`CASE WHEN ${users.isBarred} AND ${users.status} = 'closing' THEN 'disabled' ELSE ${users.status} END`;
