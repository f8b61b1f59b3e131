import { readFileSync } from 'node:fs';
import postgres from 'postgres';

/** Runs the file that PostgreSQL's image runs on an empty data folder, as psql would. */
export async function makeDatabases(
  url: string,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    for (const statement of statementsOf(readFileSync(file, 'utf8'), env)) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** Of psql's own language the file uses two words: `\getenv name VARIABLE`, and `:'name'` for the quoted value. */
export function statementsOf(text: string, env: Readonly<Record<string, string>>): string[] {
  const values = new Map<string, string>();
  const lines = text.split('\n').flatMap((line) => {
    const [, name, variable] = /^\\getenv (\w+) (\w+)$/.exec(line) ?? [];
    if (name === undefined || variable === undefined) return line.startsWith('--') ? [] : [line];
    const value = env[variable];
    if (value === undefined) throw new Error(`${variable} is not set`);
    values.set(name, value);
    return [];
  });
  const filled = lines.join('\n').replaceAll(/:'(\w+)'/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`nothing says what :'${name}' is`);
    return `'${value.replaceAll("'", "''")}'`;
  });
  return filled
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
