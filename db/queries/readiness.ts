import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** Throws unless PostgreSQL answers and has our migrations table. */
export async function assertMigrated(db: Db): Promise<void> {
  const rows = await db.execute(sql`SELECT count(*)::int AS applied FROM drizzle.__drizzle_migrations`);
  if (Number(rows[0]?.['applied']) === 0) throw new Error('no migration was applied');
}
