import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createEmptyDatabase } from './services.ts';

const MIGRATIONS = fileURLToPath(new URL('../../db/migrations/', import.meta.url));

/** A database as it was before a migration. */
export interface OldDatabase extends Pick<DatabaseWithSql, 'sql'> {
  /** Runs that migration alone. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

/** `name`: of a migration's file, without its number. */
export async function openBefore(name: string): Promise<OldDatabase> {
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).toSorted();
  const turning = files.findIndex((file) => file.endsWith(`_${name}.sql`));
  const itself = files[turning];
  if (itself === undefined) throw new Error(`there is no migration ${name}`);
  const empty = await createEmptyDatabase();
  const opened = openWithSql(empty.url, { maxConnections: 1 });
  const migrate = async (file: string) => {
    await opened.sql.unsafe(await readFile(`${MIGRATIONS}${file}`, 'utf8'));
  };
  for (const file of files.slice(0, turning)) await migrate(file);
  return {
    sql: opened.sql,
    migrate: () => migrate(itself),
    close: async () => {
      await opened.close();
      await empty.drop();
    },
  };
}
