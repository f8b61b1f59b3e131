import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'drizzle-orm';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

/**
 * In a hundred rows one payment has another amount and one transfer another id, so one row is missing here and one
 * there.
 */
const PER = 100;
const DIFFERS = 14;
const STRANGE = 15;

const CHUNK = 50_000;
const FILE_CHUNK = 1_000;
const ID = '00000000-0000-4000-8000-00000000000';
const FIRST = Date.UTC(2026, 7, 1);
/** All sales lie within a month, however many there are: files give the minute. */
const MINUTES = 28 * 24 * 60;

const HEADER =
  'id,Type,Source,Amount,Fee,Destination Platform Fee,Net,Currency,Created (UTC),Available On (UTC),Description,' +
  'Customer Facing Amount,Customer Facing Currency,Transfer,Transfer Date (UTC),Transfer Group';

/** The result that a file of so many rows has to give. */
export function expected(rows: number) {
  const of = (rest: number) => Math.floor(rows / PER) + (rows % PER > rest ? 1 : 0);
  return {
    matched: { payment: Math.ceil(rows / 2) - of(DIFFERS), transfer: Math.floor(rows / 2) - of(STRANGE) },
    exceptions: { amount_differs: of(DIFFERS), missing_here: of(STRANGE), missing_there: of(STRANGE) },
  };
}

/**
 * Writes our side: row n of the file is order n where n is even, and the transfer of the order before where it is
 * odd.
 */
export async function fillOurs({ db, sql: raw }: DatabaseWithSql, rows: number): Promise<void> {
  await db.execute(sql`
    INSERT INTO users (id, email, role) VALUES (${`${ID}1`}, 'buyer@bench.veza.example', 'user'), (${`${ID}2`}, 'seller@bench.veza.example', 'artist')`);
  const at = sql`${new Date(FIRST).toISOString()}::timestamptz + n::bigint * ${MINUTES}::int / ${rows}::int * interval '1 minute'`;
  for (let from = 0; from < rows; from += CHUNK) {
    const numbers = sql`generate_series(${from}::int, ${Math.min(from + CHUNK, rows) - 1}::int) AS n`;
    await db.execute(sql`
      INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, payment_status,
        connector_transaction_id, completed_at, created_at)
      SELECT md5('order:' || n)::uuid, ${`${ID}1`}::uuid, 100, 100, 'EUR', 'EUR', 'completed', md5('order:' || n)::uuid::text, 'succeeded',
        'ch_bench_' || n, ${at}, ${at} FROM ${numbers} WHERE n % 2 = 0`);
    await db.execute(sql`
      INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, stripe_transfer_id, completed_at, created_at)
      SELECT md5('transfer:' || n)::uuid, md5('order:' || n - 1)::uuid, ${`${ID}2`}::uuid, 90, 'EUR', 'completed', 'tr_bench_' || n, ${at}, ${at}
      FROM ${numbers} WHERE n % 2 = 1`);
  }
  await raw.unsafe('VACUUM (ANALYZE)');
}

/** Writes the provider's side: the Dashboard's export of all transactions. */
export async function writeFile(path: string, rows: number): Promise<void> {
  function* text() {
    yield `${HEADER}\n`;
    for (let from = 0; from < rows; from += FILE_CHUNK) {
      const numbers = Array.from({ length: Math.min(FILE_CHUNK, rows - from) }, (_, index) => from + index);
      yield numbers.map((n) => line(n, rows)).join('');
    }
  }
  await pipeline(Readable.from(text()), createWriteStream(path));
}

function line(n: number, rows: number): string {
  const atMs = FIRST + Math.floor((n * MINUTES) / rows) * 60_000;
  const at = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
  const [type, source, amount] =
    n % 2 === 0
      ? ['charge', `ch_bench_${n}`, n % PER === DIFFERS ? '1.01' : '1.00']
      : ['transfer', `tr_${n % PER === STRANGE ? 'strange' : 'bench'}_${n}`, '-0.90'];
  return `txn_${n},${type},${source},${amount},0.00,,${amount},eur,${at},${at},,,,,,\n`;
}
