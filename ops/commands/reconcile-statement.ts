import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConfigError, readVariables } from '../../config.ts';
import { type Db, openDatabase } from '../../db/client.ts';
import {
  type ExceptionRow,
  listSettlementExceptions,
  readSettlementFile,
  type CountedSettlementFile,
} from '../../db/settlements/index.ts';
import {
  settlementWorkflowId,
  SETTLEMENT_PROVIDERS,
  type SettlementProvider,
} from '../../domain/settlements/index.ts';
import { formatMoney } from '../../domain/kernel/index.ts';
import { createEngine } from '../../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import type { Engine } from '../../engine/port/index.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { type Progress, startProgress } from '../progress.ts';
import { type LoadAsk, loadSettlementFile } from '../settlements/load.ts';
import { CannotRun, UsageError } from '../usage.ts';

const LOOK_EVERY_MS = 250;
/** The API and the console list the rest. */
const EXCEPTIONS_SHOWN = 20;
const KIB = 1024;

/** `reconcile-statement FILE …`: loads the file into the database, starts its matching or joins it, and follows it. */
export async function reconcileStatement(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      provider: { type: 'string' },
      mapping: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new UsageError('reconcile-statement: expected one FILE');
  const provider = knownProvider(values.provider);
  const found = await run(env, { file, provider, mapping: values.mapping }).catch((error: unknown) => {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(error instanceof ConfigError ? error.problems.join('\n') : reasonOf(error));
  });
  process.exitCode = found.settlementFile.open > 0 ? 1 : 0;
  return values.json ? JSON.stringify(asJson(found)) : asText(found);
}

function knownProvider(name: string | undefined): SettlementProvider | undefined {
  const known = SETTLEMENT_PROVIDERS.find((provider) => provider === name);
  if (known === undefined && name !== undefined) {
    throw new UsageError(`--provider: expected one of ${SETTLEMENT_PROVIDERS.join(', ')}`);
  }
  return known;
}

interface Found {
  readonly settlementFile: CountedSettlementFile;
  /** The first that are open. */
  readonly exceptions: readonly ExceptionRow[];
}

async function run(env: NodeJS.ProcessEnv, ask: LoadAsk): Promise<Found> {
  const config = readVariables(env, ['DATABASE_URL', ...TASK_QUEUE_VARIABLES]);
  const database = openDatabase(config.DATABASE_URL, { maxConnections: 2 });
  try {
    const { id, rowsRead, endedAt } = await load(database.db, ask);
    if (endedAt === null) {
      const { connection, client } = await connectTemporal(env);
      try {
        const engine = createEngine(client, taskQueuesOf(config));
        await engine.startSettlement(id);
        await follow(engine, { id, rowsRead }, startProgress(process.stderr, 'matching'));
      } finally {
        await connection.close();
      }
    }
    const settlementFile = await readSettlementFile(database.db, id);
    if (settlementFile === null) throw new Error(`settlement file ${id} is gone`);
    const page = { limit: EXCEPTIONS_SHOWN, afterId: null, newestFirst: false };
    const { rows } = await listSettlementExceptions(database.db, id, { state: 'open' }, page);
    return { settlementFile, exceptions: rows };
  } finally {
    await database.close();
  }
}

async function load(db: Db, ask: LoadAsk) {
  const progress = startProgress(process.stderr, 'reading KiB');
  try {
    return await loadSettlementFile(db, ask, (bytes, ofBytes) => {
      progress.show(Math.floor(bytes / KIB), Math.ceil(ofBytes / KIB));
    });
  } finally {
    progress.end();
  }
}

/** To stop following stops nothing: the matching goes on, and the same file joins it again. */
async function follow(
  engine: Engine,
  { id: statementId, rowsRead }: Pick<CountedSettlementFile, 'id' | 'rowsRead'>,
  progress: Progress,
): Promise<void> {
  const ended = new AbortController();
  const end = engine.settlementEnded(statementId).finally(() => ended.abort());
  // The wait below reports how it ends.
  end.catch(() => undefined);
  let isSilent = false;
  while (!ended.signal.aborted) {
    const seen = await engine.settlementProgress(statementId);
    if (seen !== null && seen.total > 0) progress.show(seen.matched, seen.total);
    else if (seen === null && !isSilent && !ended.signal.aborted) {
      progress.note('no worker answers; waiting for one');
    }
    isSilent = seen === null;
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  try {
    await end;
    progress.show(rowsRead, rowsRead);
  } finally {
    progress.end();
  }
}

const asJson = ({ settlementFile, exceptions }: Found) => ({
  statement_id: settlementFile.id,
  workflow_id: settlementWorkflowId(settlementFile.id),
  file: settlementFile.fileName,
  provider: settlementFile.provider,
  layout: settlementFile.layout,
  period:
    settlementFile.periodFrom && settlementFile.periodTo
      ? { from: settlementFile.periodFrom.toISOString(), to: settlementFile.periodTo.toISOString() }
      : null,
  rows: settlementFile.rowsRead,
  matched: settlementFile.matched,
  ignored: settlementFile.ignored,
  exceptions: settlementFile.exceptions,
  open: settlementFile.open,
  first_open: exceptions.map((row) => ({
    id: row.id,
    kind: row.kind,
    line: row.line,
    column: row.column,
    ref: row.ref,
    subject: row.subject,
    detail: row.detail,
  })),
});

function asText({ settlementFile, exceptions }: Found): string {
  const { periodFrom: from, periodTo: to, open } = settlementFile;
  return [
    `${settlementFile.fileName} (${settlementFile.layout}): ${settlementFile.rowsRead} rows`,
    from && to
      ? `from ${from.toISOString()} to ${to.toISOString()}`
      : 'no row has a time: what no row names was not looked for',
    `matched  ${counted(settlementFile.matched)}`,
    `ignored  ${counted(settlementFile.ignored)}`,
    `found    ${counted(settlementFile.exceptions)}`,
    ...exceptions.map(asLine),
    ...(open > exceptions.length ? [`  … and ${open - exceptions.length} more`] : []),
    open === 0
      ? 'nothing is open'
      : `${open} open: GET /api/v1/admin/statements/${settlementFile.id}/exceptions?state=open`,
  ].join('\n');
}

const counted = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'none';

function asLine(row: ExceptionRow): string {
  const amounts = [
    ['theirs', row.theirsMinor, row.theirsCurrency],
    ['ours', row.oursMinor, row.oursCurrency],
  ] as const;
  const said = amounts.flatMap(([whose, minor, currency]) =>
    minor !== null && currency !== null ? [`${whose} ${formatMoney(minor, currency)}`] : [],
  );
  const where = [
    row.line === null ? null : `line ${row.line}`,
    row.column === null ? null : `column ${row.column}`,
    row.subject,
    row.ref,
  ].filter((part) => part !== null);
  return `  ${row.kind}  ${where.join('  ')}: ${[row.detail, ...said].join(', ')}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Terminated by hand, or the database is away: the cause has the real message.
  const isWrapped = error.name === 'WorkflowFailedError' || error.message.startsWith('Failed query');
  return isWrapped && error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name;
}
