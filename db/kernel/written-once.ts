import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Db, Tx } from '../client.ts';

/**
 * A statement that is written out once for each database: the ORM takes longer to write one than to send it. Values take the
 * places of `sql.placeholder(name)`. PostgreSQL prepares it by its text as it does any other (connections/prepared.ts), so
 * nothing differs behind a pooler.
 */
export function writtenOnce<Statement extends object>(
  write: (db: Db | Tx) => Statement,
): (db: Db | Tx) => Statement {
  const known = new WeakMap<Db | Tx, Statement>();
  return (db) => {
    const before = known.get(db);
    if (before !== undefined) return before;
    const statement = write(db);
    known.set(db, statement);
    return statement;
  };
}

// Of a statement by hand the ORM knows no columns, and gives each row as the driver does, an object.
const fields = undefined;
const name = 'once';
const isInArrayMode = false;

/** The same for a statement by hand. It gives the rows with the names and types that PostgreSQL has. */
export function sqlOnce<Row extends object>(
  write: () => SQL,
): (db: Db | Tx, values: Readonly<Record<string, unknown>>) => Promise<readonly Row[]> {
  const statement = writtenOnce((db) => {
    const query = new PgDialect({ casing: 'snake_case' }).sqlToQuery(write());
    return db._.session.prepareQuery<{ execute: readonly Row[]; all: unknown; values: unknown }>(
      query,
      fields,
      name,
      isInArrayMode,
    );
  });
  return (db, values) => statement(db).execute(values);
}
