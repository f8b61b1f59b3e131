import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { sql } from 'drizzle-orm';
import { openDatabase } from './client.ts';
import { missingMigrations } from './queries/readiness.ts';

/** Any number that no other advisory lock of ours uses. */
const MIGRATION_LOCK = 7_265_001;
const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings a database to what this version needs, and names the migrations that it applied. Repeatable, and safe while
 * others run it or the API serves.
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  const { db, sql: pool, close } = openDatabase(url, { maxConnections: 1 });
  try {
    await pool`SET statement_timeout = 0`;
    // One connection, so the lock and the migrations share a session; whoever comes second finds nothing to do.
    await db.execute(sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    const missing = await missingMigrations(db);
    await migrate(db, { migrationsFolder: MIGRATIONS });
    return missing;
  } finally {
    await close();
  }
}
