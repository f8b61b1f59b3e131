import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type ClassedColumn, columnsOf, PERSONAL_TABLES } from '../db/schema/personal.ts';
import { markdownTable, withPart } from '../ops/markdown.ts';

// `npm run privacy:docs`: what becomes of each column when a person is erased, in docs/privacy.md, from what erases them.

const LAWS = [...new Set(PERSONAL_TABLES.flatMap(({ law }) => Object.values(law ?? {})))];

/** Every table with its columns by class. */
function classesTable(): string {
  const rows = PERSONAL_TABLES.toSorted((one, other) => (one.table < other.table ? -1 : 1)).flatMap((of) => {
    if (of.delete) return [[of.table, 'delete', 'the whole row']];
    const columns = columnsOf(of);
    const labels = [...new Set(columns.map(labelOf))];
    return labels.map((label) => [
      of.table,
      label,
      columns.flatMap((one) => (labelOf(one) === label ? [one.column] : [])).join(', '),
    ]);
  });
  return markdownTable([['table', 'class', 'columns'], ...rows]);
}

const labelOf = (column: ClassedColumn) =>
  column.law === null ? column.class : `${column.class}: ${column.law.name}`;

/** Why the law keeps what it keeps, and how long. */
const lawsTable = () =>
  markdownTable([
    ['`law`', 'ground', 'how long'],
    ...LAWS.map(({ name, ground, term }) => [name, ground, term]),
  ]);

/** The page with both tables between their markers. Throws where they are missing. */
export const withClassesTable = (page: string): string =>
  withPart(withPart(page, 'laws', lawsTable()), 'classes', classesTable());

export const PRIVACY_PAGE = fileURLToPath(new URL('../docs/privacy.md', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(PRIVACY_PAGE, withClassesTable(await readFile(PRIVACY_PAGE, 'utf8')));
  console.log('wrote the tables of docs/privacy.md');
}
