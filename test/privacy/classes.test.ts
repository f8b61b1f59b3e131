import { readFile } from 'node:fs/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { columnsOf, PERSONAL_TABLES, waysTo } from '../../db/schema/personal.ts';
import { openWithSql } from '../../sandbox/database.ts';
import { PRIVACY_PAGE, withClassesTable } from '../../scripts/privacy-docs.ts';
import { planAhead, walkedIn } from '../db/plans.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

let made: TestDatabase;
let database: ReturnType<typeof openWithSql>;
beforeAll(async () => {
  made = await createDatabaseFromTemplate();
  database = openWithSql(made.url, { maxConnections: 1 });
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

const namesOf = (rows: readonly { table: string; column: string }[]) =>
  rows.map(({ table, column }) => `${table}.${column}`);
const CLASSED = namesOf(PERSONAL_TABLES.flatMap(columnsOf));

async function columnsThere(): Promise<string[]> {
  const rows = await database.db.execute<{ table: string; column: string }>(sql`
    SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`);
  return namesOf(rows);
}

const withoutClass = async () => (await columnsThere()).filter((name) => !CLASSED.includes(name));

test('every column of every table has one class', async () => {
  expect(await withoutClass()).toEqual([]);
  const there = await columnsThere();
  expect(CLASSED.filter((name) => !there.includes(name))).toEqual([]);
  expect(CLASSED.filter((name, at) => CLASSED.indexOf(name) !== at)).toEqual([]);
});

test('a new column without a class is named', async () => {
  await database.db.execute(sql`ALTER TABLE user_profiles ADD COLUMN shoe_size text`);
  expect(await withoutClass()).toEqual(['user_profiles.shoe_size']);
  await database.db.execute(sql`ALTER TABLE user_profiles DROP COLUMN shoe_size`);
});

test('a table either loses its rows whole, or none of them', () => {
  const mixed = PERSONAL_TABLES.filter((of) => {
    const classes = new Set(columnsOf(of).map((column) => column.class));
    return classes.has('delete') && classes.size > 1;
  });
  expect(mixed.map(({ table }) => table)).toEqual([]);
});

test('a table from which rows or values go says whose they are', () => {
  const ownerless = PERSONAL_TABLES.filter(
    (of) =>
      of.of.length === 0 &&
      columnsOf(of).some((column) => ['delete', 'erase', 'mask', 'forget'].includes(column.class)),
  );
  expect(ownerless.map(({ table }) => table)).toEqual([]);
});

test('the rows of a person can be read, and each table’s key is its primary key', async () => {
  for (const of of PERSONAL_TABLES) {
    for (const way of waysTo(of, sql`'01980000-0000-7000-8000-000000000000'::uuid`))
      expect(
        await database.db.execute(sql`SELECT 1 FROM ${sql.identifier(of.table)} WHERE ${way}`),
      ).toHaveLength(0);
  }
  const keys = await database.db.execute<{ table: string; key: string[] }>(sql`
    SELECT conrelid::regclass::text AS "table", (
      SELECT json_agg(attname ORDER BY position) FROM unnest(conkey) WITH ORDINALITY AS part (number, position)
      JOIN pg_attribute ON attrelid = conrelid AND attnum = part.number) AS key
    FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace`);
  const there = Object.fromEntries(keys.map(({ table, key }) => [table, key]));
  expect(Object.fromEntries(PERSONAL_TABLES.map(({ table, key }) => [table, key]))).toEqual(there);
});

test('the rows of a person are found by indexes', async () => {
  // The tables are empty: only where no index serves is one walked then. The pool has one connection.
  await database.db.execute(sql`SET enable_seqscan = off`);
  const walked: string[] = [];
  for (const of of PERSONAL_TABLES)
    for (const way of waysTo(of, sql`'01980000-0000-7000-8000-000000000000'::uuid`))
      walked.push(
        ...walkedIn(await planAhead(database, sql`SELECT 1 FROM ${sql.identifier(of.table)} WHERE ${way}`)),
      );
  await database.db.execute(sql`RESET enable_seqscan`);
  expect(walked).toEqual([]);
});

test('rows that refer to others go before those', async () => {
  const references = await database.db.execute<{ from: string; to: string }>(sql`
    SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to"
    FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid`);
  const order = PERSONAL_TABLES.map(({ table }) => table);
  const goes = new Set(PERSONAL_TABLES.filter((of) => of.delete).map(({ table }) => table));
  const wrong = references.filter(
    ({ from, to }) => goes.has(to) && !(goes.has(from) && order.indexOf(from) < order.indexOf(to)),
  );
  expect(wrong).toEqual([]);
  expect(references.length).toBeGreaterThan(50);
});

test('docs/privacy.md has the class of each column (update it with `npm run privacy:docs`)', async () => {
  const page = await readFile(PRIVACY_PAGE, 'utf8');
  expect(page).toBe(withClassesTable(page));
});
