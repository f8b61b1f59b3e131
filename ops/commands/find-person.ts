import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { openDatabase } from '../../db/client.ts';
import { findText, type FoundText } from '../../db/privacy/index.ts';
import { findTextInHistories } from '../../engine/find-text.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { startProgress } from '../progress.ts';
import { CannotRun, UsageError } from '../usage.ts';

const SHORTEST = 4;

interface Found {
  readonly columns: readonly FoundText[];
  /** Null: not looked at. */
  readonly histories: readonly string[] | null;
  readonly lines: readonly { readonly file: string; readonly line: number }[];
}

/** `find-person TEXT [--histories QUERY] [--in FILE]… [--json]`: where an address, a name or an id stands. Changes nothing. */
export async function findPerson(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      histories: { type: 'string' },
      in: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [text] = positionals;
  if (text === undefined || positionals.length > 1) throw new UsageError('find-person takes one text');
  if (text.length < SHORTEST) throw new UsageError(`a text of ${SHORTEST} characters at least`);
  const columns = await inDatabase(env, text);
  const lines = [];
  for (const file of values.in) lines.push(...(await inFile(file, text)));
  const found = {
    columns,
    lines,
    histories:
      values.histories === undefined ? null : await inHistories(env, { text, query: values.histories }),
  };
  process.exitCode = isFound(found) ? 1 : 0;
  return values.json ? JSON.stringify(found) : asText(found);
}

/** What the law keeps is no reason to look further. */
const isFound = ({ columns, histories, lines }: Found) =>
  columns.some((one) => one.class !== 'law') || (histories?.length ?? 0) > 0 || lines.length > 0;

async function inDatabase(env: NodeJS.ProcessEnv, text: string) {
  const { DATABASE_URL } = readVariables(env, ['DATABASE_URL']);
  const database = openDatabase(DATABASE_URL, { maxConnections: 1, statementTimeoutMs: null });
  try {
    return await findText(database.db, text);
  } finally {
    await database.close();
  }
}

async function inHistories(
  env: NodeJS.ProcessEnv,
  wanted: { readonly text: string; readonly query: string },
): Promise<readonly string[]> {
  const { connection, client } = await connectTemporal(env).catch((error: unknown) => {
    throw new CannotRun(error instanceof Error ? error.message : String(error));
  });
  const progress = startProgress(process.stderr, 'histories');
  try {
    const { count } = await client.workflow.count(wanted.query);
    return await findTextInHistories(client, wanted, (looked) => progress.show(looked, count));
  } finally {
    progress.end();
    await connection.close();
  }
}

/** Numbers of lines, and not what they say: logs may hold more than is looked for. */
async function inFile(file: string, text: string) {
  const found: { file: string; line: number }[] = [];
  const wanted = text.toLowerCase();
  let line = 0;
  for await (const said of createInterface({ input: createReadStream(file) })) {
    line += 1;
    if (said.toLowerCase().includes(wanted)) found.push({ file, line });
  }
  return found;
}

function asText(found: Found): string {
  const { columns, histories, lines } = found;
  const said = [
    ...columns.map(
      (one) => `${one.table}.${one.column}: ${one.rows} rows, of class ${one.class ?? 'none that is known'}`,
    ),
    ...(histories ?? []).map((id) => `the history of ${id}`),
    ...lines.map(({ file, line }) => `${file}:${line}`),
  ];
  if (said.length === 0) said.push('it stands nowhere');
  if (histories === null)
    said.push(
      'Histories were not looked at: --histories does it, with a query of those to read, and "" for all.',
    );
  return [...said, 'What is sealed or encrypted was not opened.'].join('\n');
}
