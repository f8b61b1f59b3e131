import postgres from 'postgres';

// Billing time is the database's clock, which all processes share: a suite that lives for years moves that clock, and
// nothing of ours is told. Timers of the engine run on the machine's clock, so whoever moves it wakes what sleeps, as
// the sweep would.

/** Rows that are written with the database's time and read as billing time. */
const BILLED = ['card_setups', 'invoice_payments', 'payment_methods'];

/**
 * Puts a `clock_timestamp()` before PostgreSQL's own, for every connection that is opened from now on. Before any is.
 */
export async function installMovedClock(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  const name = new URL(databaseUrl).pathname.slice(1);
  try {
    await sql.unsafe(`
      CREATE SCHEMA moved;
      CREATE TABLE moved.clock (ahead_ms float8 NOT NULL);
      INSERT INTO moved.clock VALUES (0);
      CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + make_interval(secs => ahead_ms / 1000) FROM moved.clock';
      ${BILLED.map((table) => `ALTER TABLE ${table} ALTER created_at SET DEFAULT moved.clock_timestamp();`).join('')}
      ALTER DATABASE "${name}" SET search_path = moved, pg_catalog, public`);
  } finally {
    await sql.end();
  }
}

type Sql = postgres.Sql;

/** Milliseconds since the epoch. */
export async function databaseMs(sql: Sql): Promise<number> {
  const [row] = await sql<{ ms: number }[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  if (row === undefined) throw new Error('the database has no clock');
  return row.ms;
}

/** The database's clock goes on from this moment; never back. */
export async function moveClockTo(sql: Sql, atMs: number): Promise<void> {
  const byMs = atMs - (await databaseMs(sql));
  if (byMs > 0) await sql`UPDATE moved.clock SET ahead_ms = ahead_ms + ${byMs}`;
}
