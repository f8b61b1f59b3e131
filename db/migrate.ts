import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { sql } from 'drizzle-orm';
import { type Db, openDatabase } from './client.ts';

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
    const lastAppliedMs = await readLastApplied(db);
    await migrate(db, { migrationsFolder: MIGRATIONS });
    const journal = JSON.parse(await readFile(`${MIGRATIONS}/meta/_journal.json`, 'utf8')) as Journal;
    return journal.entries.filter(({ when }) => when > lastAppliedMs).map(({ tag }) => tag);
  } finally {
    await close();
  }
}

interface Journal {
  readonly entries: readonly { readonly when: number; readonly tag: string }[];
}

/** drizzle applies what is younger than the last migration that it finds in its own table. */
async function readLastApplied(db: Db): Promise<number> {
  const [table] = await db.execute(
    sql`SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS there`,
  );
  if (table?.['there'] !== true) return 0;
  const [last] = await db.execute(sql`SELECT max(created_at) AS at FROM drizzle.__drizzle_migrations`);
  return Number(last?.['at'] ?? 0);
}
