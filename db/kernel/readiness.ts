import { readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

interface Journal {
  readonly entries: readonly { readonly when: number; readonly tag: string }[];
}

const JOURNAL = new URL('../migrations/meta/_journal.json', import.meta.url);
let journal: Journal | undefined;

/**
 * The names of migrations that this version needs and the database lacks. Newer migrations do not matter: during an
 * upgrade the old processes go on serving. Throws unless PostgreSQL answers.
 */
export async function missingMigrations(db: Db): Promise<string[]> {
  journal ??= JSON.parse(readFileSync(JOURNAL, 'utf8')) as Journal;
  const [table] = await db.execute(
    sql`SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS there`,
  );
  // drizzle applies the migrations that are newer than the last one in its own table.
  let lastAppliedMs = 0;
  if (table?.['there'] === true) {
    const [last] = await db.execute(sql`SELECT max(created_at) AS at FROM drizzle.__drizzle_migrations`);
    lastAppliedMs = Number(last?.['at'] ?? 0);
  }
  return journal.entries.filter(({ when }) => when > lastAppliedMs).map(({ tag }) => tag);
}
