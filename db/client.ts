import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { observedSql, type StatementObserver } from './observed-sql.ts';
import * as schema from './schema/index.ts';

export type Schema = typeof schema;
export type Db = PostgresJsDatabase<Schema>;
/** A transaction in progress: verbs that take one leave commit and rollback to whoever opened it. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0];

export interface Database {
  readonly db: Db;
  readonly sql: postgres.Sql;
  close(): Promise<void>;
}

/** Of one process, unless its root says otherwise. */
export const CONNECTIONS_MAX = 20;

/** Opens a pool; connects on first use. Queries that hold locks are short, so a statement that takes 15 s is stuck. */
export function openDatabase(
  url: string,
  {
    maxConnections = CONNECTIONS_MAX,
    observer,
  }: { maxConnections?: number; observer?: StatementObserver } = {},
): Database {
  const sql = postgres(url, {
    max: maxConnections,
    connect_timeout: 5,
    idle_timeout: 60,
    onnotice: () => {},
    connection: {
      application_name: 'veza',
      statement_timeout: 15_000,
      idle_in_transaction_session_timeout: 15_000,
    },
  });
  const seen = observer ? observedSql(sql, observer) : sql;
  return { db: drizzle(seen, { schema, casing: 'snake_case' }), sql, close: () => sql.end({ timeout: 5 }) };
}
