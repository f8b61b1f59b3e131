import pg from 'pg';
import type { Query } from './books.ts';

/** As many as a process of Veza has. */
export const CONNECTIONS_MAX = 20;

/** A pool of connections, and transactions on them. */
export function openPool(databaseUrl: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS_MAX });
  // A connection that breaks is replaced; whoever used it gets its error.
  pool.on('error', (error) => console.error(error));

  async function inTransaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const done = await work(async (text, params) => (await client.query(text, [...params])).rows as never);
      await client.query('COMMIT');
      return done;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  return { pool, inTransaction };
}
