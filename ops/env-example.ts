import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VARIABLES } from '../config.ts';
import { fail } from './fail.ts';
import { markdownTable, withPart } from './markdown.ts';
import { withListsTable } from './runbook-lists.ts';

// `npm run config:docs`: .env.example and the README's table of variables, from the one schema of the configuration, and
// the runbook's lists of Temporal's UI, from the one place that names them.

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
    // One that may be left out but has an example to start with, such as JWT_SECRET, is best set.
    return { name, example, about, hasDefault, isRequired: !hasDefault && example !== '' };
  });
}

/** What has to be set stands open, what has a default is commented out. */
export function envExample(): string {
  const lines = described().flatMap(({ name, example, about, isRequired }) => [
    `# ${about}`,
    `${isRequired ? '' : '# '}${name}=${example}`,
    '',
  ]);
  return [
    '# Written by `npm run config:docs` from config.ts. What is commented out has the value shown.',
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

/** The README with the table between its markers. Throws where they are missing. */
export const withVariablesTable = (readme: string): string => withPart(readme, 'variables', variablesTable());

export const fileIn = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

async function rewrite(name: string, change: (text: string) => string): Promise<void> {
  const file = fileIn(name);
  await writeFile(file, change(await readFile(file, 'utf8')));
}

async function main(): Promise<void> {
  await writeFile(fileIn('.env.example'), envExample());
  await rewrite('README.md', withVariablesTable);
  await rewrite('docs/runbook.md', withListsTable);
  console.log('wrote .env.example and the tables of README.md and docs/runbook.md');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
