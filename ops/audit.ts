import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { readVariables } from '../config.ts';
import { type AuditedInvariant, auditDatabase } from '../db/audit/index.ts';
import { openDatabase } from '../db/client.ts';
import { createEngine } from '../engine/index.ts';
import { connectTemporal } from './connect-temporal.ts';
import { fail } from './fail.ts';

const USAGE = `npm run audit [-- --json]

Checks the invariants of the books on the database of DATABASE_URL, and its open rows against the Temporal of
TEMPORAL_ADDRESS. Writes nothing. Exit codes: 0 sound, 1 violations found, 2 could not be checked.
`;

const EXAMPLES = 10;

async function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      providers: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.providers) throw new Error('--providers is not available yet: it comes with reconciliation');
  const audited = await audit(env);
  process.stdout.write(values.json ? `${JSON.stringify(asJson(audited))}\n` : asText(audited));
  process.exitCode = countOf(audited) > 0 ? 1 : 0;
}

async function audit(env: NodeJS.ProcessEnv): Promise<AuditedInvariant[]> {
  const config = readVariables(env, [
    'DATABASE_URL',
    'TEMPORAL_NAMESPACE',
    'TEMPORAL_TASK_QUEUE',
    'TEMPORAL_STRIPE_TASK_QUEUE',
  ]);
  const connection = await connectTemporal(env);
  const database = openDatabase(config.DATABASE_URL, { maxConnections: 1 });
  try {
    const engine = createEngine(new Client({ connection, namespace: config.TEMPORAL_NAMESPACE }), {
      core: config.TEMPORAL_TASK_QUEUE,
      stripe: config.TEMPORAL_STRIPE_TASK_QUEUE,
    });
    // A namespace that is not there would make every open row look abandoned.
    await engine.ping();
    return await auditDatabase(database.db, engine);
  } finally {
    await database.close();
    await connection.close();
  }
}

const countOf = (audited: readonly AuditedInvariant[]) =>
  audited.reduce((count, { violations }) => count + violations.length, 0);

function asJson(audited: readonly AuditedInvariant[]) {
  return {
    violations: countOf(audited),
    invariants: audited.map(({ number, title, violations }) => ({
      number,
      title,
      violations: violations.length,
      examples: violations.slice(0, EXAMPLES),
    })),
  };
}

function asText(audited: readonly AuditedInvariant[]): string {
  const lines = audited.flatMap(({ number, title, violations }) => [
    `${number}  ${String(violations.length).padStart(5)} violations  ${title}`,
    ...violations.slice(0, EXAMPLES).map(({ subject, detail }) => `     ${subject}: ${detail}`),
    ...(violations.length > EXAMPLES ? [`     … and ${violations.length - EXAMPLES} more`] : []),
  ]);
  const count = countOf(audited);
  return `${[...lines, count === 0 ? 'the books balance' : `${count} violations`].join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2), process.env).catch(fail);
