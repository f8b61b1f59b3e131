import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Agreement, compareWithProviders, openReaders } from '../comparison/index.ts';
import { readVariables } from '../config.ts';
import { type CheckedInvariant, checkBooks, type Violation } from '../db/invariants/index.ts';
import { openDatabase } from '../db/client.ts';
import { createEngine } from '../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../engine/task-queues.ts';
import { connectTemporal } from './connect-temporal.ts';
import { fail } from './fail.ts';

const USAGE = `npm run audit [-- --providers] [--json]

Checks the invariants of the books on the database of DATABASE_URL, and its open rows against the Temporal of
TEMPORAL_ADDRESS. With --providers also holds them against the payments, refunds and disputes of HYPERSWITCH_BASE_URL
and the transfers, reversals and payouts of STRIPE_API_BASE, which it only reads: some calls an order, one or more a payout.
Writes nothing.
Exit codes: 0 sound, 1 violations found, 2 could not be checked.
`;

const EXAMPLES = 10;

/** Checks the books, and returns what to print. Sets exit code 1 where there are violations. */
export async function audit(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      providers: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return USAGE;
  // Read first, so that a missing variable is reported before the long walk, not after it.
  const readers = values.providers ? openReaders(readVariables(env, PROVIDER_VARIABLES)) : null;
  const found = await check(env, readers);
  process.exitCode = countOf(found) > 0 ? 1 : 0;
  return values.json ? `${JSON.stringify(asJson(found))}\n` : asText(found);
}

const PROVIDER_VARIABLES = [
  'HYPERSWITCH_BASE_URL',
  'HYPERSWITCH_API_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_API_BASE',
] as const;

interface Found {
  readonly checked: readonly CheckedInvariant[];
  /** Null where providers were not asked. */
  readonly agreement: Agreement | null;
}

async function check(env: NodeJS.ProcessEnv, readers: ReturnType<typeof openReaders> | null): Promise<Found> {
  const config = readVariables(env, ['DATABASE_URL', ...TASK_QUEUE_VARIABLES]);
  const { connection, client } = await connectTemporal(env);
  const database = openDatabase(config.DATABASE_URL, { maxConnections: 1, statementTimeoutMs: null });
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    // Without its namespace every open row would look abandoned.
    await engine.ping();
    const checked = await checkBooks(database.db, engine);
    const agreement =
      readers && (await compareWithProviders(database.db, readers, { maxExamples: EXAMPLES }));
    return { checked, agreement };
  } finally {
    await database.close();
    await connection.close();
  }
}

/** The one invariant that asks the providers. */
export const AGREEMENT = {
  number: 8,
  title:
    "the PSP's payments, refunds and disputes and Stripe's transfers, reversals and payouts match ours one to one, in amount too",
} as const;

interface Judged {
  readonly number: number;
  readonly title: string;
  readonly violations: number;
  readonly examples: readonly Violation[];
}

function judged({ checked, agreement }: Found): Judged[] {
  const invariants = checked.map(({ number, title, violations }) => ({
    number,
    title,
    violations: violations.length,
    examples: violations.slice(0, EXAMPLES),
  }));
  if (agreement === null) return invariants;
  const { count, examples } = agreement.differences;
  return [...invariants, { ...AGREEMENT, violations: count, examples }];
}

const countOf = (found: Found) => judged(found).reduce((count, { violations }) => count + violations, 0);

function asJson(found: Found) {
  const { agreement } = found;
  return {
    violations: countOf(found),
    invariants: judged(found),
    ...(agreement && { compared: agreement.compared, listed: agreement.listed }),
  };
}

function asText(found: Found): string {
  const lines = judged(found).flatMap(({ number, title, violations, examples }) => [
    `${number}  ${String(violations).padStart(5)} violations  ${title}`,
    ...examples.map(({ subject, detail }) => `     ${subject}: ${detail}`),
    ...(violations > examples.length ? [`     … and ${violations - examples.length} more`] : []),
  ]);
  const count = countOf(found);
  const verdict = count === 0 ? 'the books balance' : `${count} violations`;
  return `${[...lines, ...(found.agreement ? asLines(found.agreement) : []), verdict].join('\n')}\n`;
}

function asLines({ compared, listed }: Agreement): string[] {
  const counts = Object.entries(compared).map(([what, count]) => `${count} ${what}`);
  return [
    `   compared: ${counts.join(', ')}`,
    ...listed.map(({ as, count, examples }) => {
      const more = count > examples.length ? ', …' : '';
      return `   listed, not counted: ${count} ${as} (${examples.join(', ')}${more})`;
    }),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  audit(process.argv.slice(2), process.env).then((text) => process.stdout.write(text), fail);
}
