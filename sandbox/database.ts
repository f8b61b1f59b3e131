import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { type Database, type DatabaseSettings, openDatabase } from '../db/client.ts';

/** Our connections, and beside them the plain driver for SQL that a test, a bench or a fault says itself. */
export interface DatabaseWithSql extends Database {
  readonly sql: postgres.Sql;
}

export function openWithSql(url: string, settings: DatabaseSettings = {}): DatabaseWithSql {
  const database = openDatabase(url, settings);
  const sql = postgres(url, { max: settings.maxConnections ?? 2, idle_timeout: 60, onnotice: () => {} });
  // The ORM teaches its client to leave times as text.
  drizzle(sql);
  return {
    ...database,
    sql,
    close: async () => {
      await Promise.all([database.close(), sql.end({ timeout: 5 })]);
    },
  };
}
