import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VARIABLES } from '../config.ts';
import { fail } from './fail.ts';

// `npm run config:docs`: .env.example and the README's table of variables, from the one schema of the configuration.

const START = '<!-- variables:start -->';
const END = '<!-- variables:end -->';

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

/** Aligned as oxfmt aligns it, so that formatting the README changes nothing. */
export function variablesTable(): string {
  const rows = [
    ['variable', 'default', 'what it is'],
    ...described().map(({ name, example, about, hasDefault, isRequired }) => {
      const preset = hasDefault && example !== '' ? `\`${example}\`` : isRequired ? 'to be set' : '';
      return [`\`${name}\``, preset, about];
    }),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head = '', ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

/** The README with the table between its markers. Throws where they are missing. */
export function withVariablesTable(readme: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error(`README.md has no lines ${START} and ${END}`);
  return `${readme.slice(0, start + START.length)}\n\n${variablesTable()}\n\n${readme.slice(end)}`;
}

export const fileIn = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

async function main(): Promise<void> {
  await writeFile(fileIn('.env.example'), envExample());
  const readme = fileIn('README.md');
  await writeFile(readme, withVariablesTable(await readFile(readme, 'utf8')));
  console.log('wrote .env.example and the table of README.md');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
