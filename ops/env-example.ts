import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VARIABLES } from '../config.ts';
import { withCommandTables } from './commands-page.ts';
import { fail } from './fail.ts';
import { withInvariantsTable } from './invariants-page.ts';
import { markdownTable, withPart } from './markdown.ts';
import { withRunbookTables } from './runbook-lists.ts';

// `npm run config:docs`: what documents repeat, from the one place that says it: .env.example and the page of variables from
// the configuration's schema, the pages of commands and invariants, and the runbook's lists of Temporal's UI.

interface Described {
  readonly name: string;
  readonly example: string;
  readonly about: string;
  /** Whether a value is there when nothing is set. */
  readonly hasDefault: boolean;
  readonly isRequired: boolean;
}

function described(): Described[] {
  return Object.entries(VARIABLES).map(([name, { schema, example, about }]) => {
    const unset = schema.safeParse(undefined);
    const hasDefault = unset.success && unset.data !== undefined;
    // An optional variable with an example, such as JWT_SECRET, is best set.
    return { name, example, about, hasDefault, isRequired: !hasDefault && example !== '' };
  });
}

/** Variables that have to be set stand open; those with a default are commented out. */
export function envExample(): string {
  const lines = described().flatMap(({ name, example, about, isRequired }) => [
    `# ${about}`,
    `${isRequired ? '' : '# '}${name}=${example}`,
    '',
  ]);
  return [
    '# Written by `npm run config:docs` from config/. What is commented out has the value shown.',
    '',
    ...lines,
  ].join('\n');
}

export function variablesTable(): string {
  const rows = described().map(({ name, example, about, hasDefault, isRequired }) => {
    const preset = hasDefault && example !== '' ? `\`${example}\`` : isRequired ? 'to be set' : '';
    return [`\`${name}\``, preset, about];
  });
  return markdownTable([['variable', 'default', 'what it is'], ...rows]);
}

/** The page of variables with the table between its markers. Throws where they are missing. */
export const withVariablesTable = (page: string): string => withPart(page, 'variables', variablesTable());

/** Every page with parts that are written for it, and what writes them. */
export const WRITTEN_PAGES: Readonly<Record<string, (page: string) => string>> = {
  'docs/commands.md': withCommandTables,
  'docs/invariants.md': withInvariantsTable,
  'docs/runbook.md': withRunbookTables,
  'docs/variables.md': withVariablesTable,
};

export const fileIn = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

async function main(): Promise<void> {
  await writeFile(fileIn('.env.example'), envExample());
  for (const [name, write] of Object.entries(WRITTEN_PAGES)) {
    await writeFile(fileIn(name), write(await readFile(fileIn(name), 'utf8')));
  }
  console.log(`wrote .env.example and the tables of ${Object.keys(WRITTEN_PAGES).join(', ')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
