import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { INVARIANTS } from '../db/invariants/index.ts';
import { AGREEMENT } from './audit.ts';
import { markdownTable, withPart } from './markdown.ts';

/** The folder of the queries, one file for each invariant: `01-ledger-balances.ts`. */
const QUERIES = 'db/invariants';
/** Not a query: it asks the providers. */
const COMPARISON = 'comparison';

/** Every invariant with what it says and where it is checked. Throws where one has no file. */
function invariantsTable(): string {
  const files = readdirSync(fileURLToPath(new URL(`../${QUERIES}`, import.meta.url)));
  const queries = INVARIANTS.map(({ number, title }) => {
    const file = files.find((name) => name.startsWith(`${String(number).padStart(2, '0')}-`));
    if (file === undefined) throw new Error(`invariant ${number} has no file in ${QUERIES}`);
    return { number, title, by: `${QUERIES}/${file}` };
  });
  const rows = [...queries, { ...AGREEMENT, by: `${COMPARISON}/` }]
    .toSorted((one, other) => one.number - other.number)
    .map(({ number, title, by }) => [String(number), title, `\`${by}\``]);
  return markdownTable([['invariant', 'what it says', 'checked by'], ...rows]);
}

/** The page of invariants with this table between its markers. Throws where they are missing. */
export const withInvariantsTable = (page: string): string => withPart(page, 'invariants', invariantsTable());
