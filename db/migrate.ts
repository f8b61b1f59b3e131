import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { sql } from 'drizzle-orm';
import { openDatabase } from './client.ts';
import { missingMigrations } from './kernel/index.ts';

/** Any number that no other advisory lock of ours uses. */
const MIGRATION_LOCK = 7_265_001;
const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings a database to what this version needs, and names the migrations that it applied. Repeatable, and safe while
 * others run it or the API serves.
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  const { db, close } = openDatabase(url, { maxConnections: 1, statementTimeoutMs: null });
  try {
    // One transaction, so that the lock and the migrations share a session also behind a pooler; a second process
    // finds nothing to do.
    return await db.transaction(async (tx) => {
      await tx.execute(sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      const missing = await missingMigrations(tx);
      await migrate(tx, { migrationsFolder: MIGRATIONS });
      return missing;
    });
  } finally {
    await close();
  }
}
