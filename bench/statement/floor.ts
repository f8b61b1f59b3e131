import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

const COLUMNS = 16;

/**
 * The least that anyone could do: COPY of the file into a table, and one join that counts what agrees, what differs
 * and what is not ours. It parses nothing, checks nothing, writes nothing down, and cannot be stopped and resumed.
 */
export async function copyAndJoin({ sql }: DatabaseWithSql, path: string) {
  const startedMs = performance.now();
  const names = Array.from({ length: COLUMNS }, (_, index) => `c${index + 1} text`);
  await sql.unsafe(`CREATE TABLE bench_file (${names.join(', ')})`);
  const copy = await sql`COPY bench_file FROM STDIN WITH (FORMAT csv, HEADER)`.writable();
  await pipeline(createReadStream(path), copy);
  const copied = (performance.now() - startedMs) / 1_000;
  const [counts] = await sql<{ matched: number; differ: number; missing: number }[]>`
    SELECT count(*) FILTER (WHERE minor = ours)::int AS matched, count(*) FILTER (WHERE minor <> ours)::int AS differ,
      count(*) FILTER (WHERE ours IS NULL)::int AS missing
    FROM (
      SELECT abs(c4::numeric * 100) AS minor, coalesce(captured_minor, amount_minor) AS ours FROM bench_file
      LEFT JOIN orders ON c2 = 'charge' AND connector_transaction_id = c3
      LEFT JOIN seller_transfers ON c2 = 'transfer' AND stripe_transfer_id = c3
    ) AS joined`;
  const seconds = (performance.now() - startedMs) / 1_000;
  await sql`DROP TABLE bench_file`;
  return { seconds, copySeconds: copied, joinSeconds: seconds - copied, counts: counts! };
}
