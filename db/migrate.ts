import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { sql } from 'drizzle-orm';
import { openDatabase } from './client.ts';

/** Any number that no other advisory lock of ours uses. */
const MIGRATION_LOCK = 7_265_001;

/** Brings a database to what this version needs. Repeatable, and safe while others run it or the API serves. */
export async function migrateDatabase(url: string): Promise<void> {
  const { db, sql: pool, close } = openDatabase(url, { maxConnections: 1 });
  try {
    await pool`SET statement_timeout = 0`;
    // One connection, so the lock and the migrations share a session; whoever comes second finds nothing to do.
    await db.execute(sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await migrate(db, { migrationsFolder: fileURLToPath(new URL('./migrations', import.meta.url)) });
  } finally {
    await close();
  }
}
