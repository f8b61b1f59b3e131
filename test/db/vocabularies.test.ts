import { getTableColumns, is } from 'drizzle-orm';
import { getTableConfig, PgArray, type PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { beforeAll, expect, test } from 'vitest';
import * as schema from '../../db/schema.ts';
import { ownDatabase } from '../marketplace/verbs.ts';

// A word of a closed vocabulary is checked twice: by TypeScript, and by a CHECK that is made of the same constant. A word
// that was added without a migration, or the other way round, shows here.

const TABLES = Object.values(schema as Record<string, unknown>).filter((value) => is(value, PgTable));

interface Vocabulary {
  readonly column: string;
  readonly words: readonly string[];
}

const wordsOf = (column: PgColumn) =>
  (is(column, PgArray) ? (column.baseColumn as PgColumn).enumValues : column.enumValues) ?? [];

/** What the schema says in TypeScript. */
const VOCABULARIES: readonly Vocabulary[] = TABLES.flatMap((table) =>
  getTableConfig(table).columns.flatMap((column) => {
    const words = wordsOf(column);
    return words.length === 0
      ? []
      : { column: `${getTableConfig(table).name}.${sqlName(table, column)}`, words };
  }),
);

/** The name in PostgreSQL, as `casing: 'snake_case'` makes it. */
function sqlName(table: PgTable, column: PgColumn): string {
  const [name] = Object.entries(getTableColumns(table)).find(([, one]) => one === column) ?? [''];
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What PostgreSQL lets in, by column: of CHECKs on that column alone that name words. */
let checked: ReadonlyMap<string, readonly string[]>;
let texts: readonly string[];

beforeAll(async () => {
  const { sql } = await ownDatabase();
  const rows = await sql<{ column: string; says: string }[]>`
    SELECT conrelid::regclass || '.' || attname AS column, pg_get_constraintdef(con.oid) AS says
    FROM pg_constraint AS con JOIN pg_attribute ON attrelid = conrelid AND ARRAY[attnum] = conkey
    WHERE contype = 'c' AND pg_get_constraintdef(con.oid) LIKE '%ARRAY[%' AND conname LIKE '%known'`;
  checked = new Map(
    rows.map(({ column, says }) => [column, [...says.matchAll(/'([^']*)'::text/g)].map(([, word]) => word!)]),
  );
  const columns = await sql<{ column: string }[]>`
    SELECT table_name || '.' || column_name AS column FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'ARRAY')`;
  texts = columns.map(({ column }) => column);
});

test.each(VOCABULARIES)('$column takes the words of its constant and no others', ({ column, words }) => {
  expect(checked.get(column)?.toSorted()).toEqual(words.toSorted());
});

test('no CHECK knows words that the schema does not', () => {
  expect([...checked.keys()].toSorted()).toEqual(VOCABULARIES.map(({ column }) => column).toSorted());
});

/** Words of others: the PSP's status of a payment, for people alone. Sentences: why a row was swept. */
const OPEN = [
  'orders.payment_status',
  'card_setups.provider_status',
  'invoice_payments.provider_status',
  'phantom_subscriptions.why',
  // The providers' own words.
  'oauth_accounts.scopes',
];

test('a column that by its name holds one of a few words has a vocabulary', () => {
  const NAMED = /(?:^|[._])(?:kind|status|stage|outcome|role|provider|source|why|waiting_for|said|scopes)$/;
  const known = new Set([...OPEN, ...checked.keys()]);
  expect(texts.filter((column) => NAMED.test(column) && !known.has(column))).toEqual([]);
});
