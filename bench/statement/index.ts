import { isDeepStrictEqual } from 'node:util';
import { appendFile, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { setUp } from '../../sandbox/cli/veza.ts';
import { startNode } from '../../stack/index.ts';
import type { Bench, BenchOptions } from '../bench.ts';
import { figure } from '../measure/figures.ts';
import { round } from '../memory.ts';
import { type Closers, compiled, environmentOf, onCompiledCode, startParts } from '../stack.ts';
import { type Printed, type Ran, runCommand } from './command.ts';
import { expected, fillOurs, writeFile } from './fill.ts';
import { copyAndJoin } from './floor.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const ROUNDS = 5;

/**
 * Settlement files of several sizes, each against a database of as many rows of ours, through the real command and the
 * real workflow on compiled code, beside COPY and one join of the same file.
 */
export const statement: Bench = ({ rows = SIZES, rounds = ROUNDS, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers);
    const curve: Point[] = [];
    for (const size of rows) curve.push(await measure(size, { ...parts, rounds, say }));
    return { rounds, curve, slope: curve.slice(1).map((point, index) => slope(curve[index]!, point)) };
  });

type Point = Awaited<ReturnType<typeof measure>>;

/** Both in turn, round after round: the command with its workflow, and COPY with one join. */
async function measure(
  rows: number,
  {
    rounds,
    say,
    ...parts
  }: Awaited<ReturnType<typeof startParts>> & { readonly rounds: number; readonly say: BenchOptions['say'] },
) {
  const closers: Closers = [];
  try {
    const { database, worker, env, file } = await openSubject(rows, parts, closers, say);
    const runs: Run[] = [];
    for (let turn = 1; turn <= rounds; turn += 1) {
      const copy = await copyOfItsOwn(file, turn, closers);
      const ran = await runCommand(copy, env, { workerPid: () => worker.pid, say });
      const floor = await copyAndJoin(database, file);
      isRight(rows, ran.printed, floor.counts);
      const took = await readTimes(database, ran.printed.statement_id);
      runs.push({ ...took, seconds: ran.seconds, floorSeconds: floor.seconds, ran });
      say(
        `round ${turn}, ${rows} rows: ${round(ran.seconds)} s, ${round(ran.seconds / floor.seconds)} times COPY and a join; ` +
          `at most ${ran.commandMib.peak} MiB of the command, ${ran.workerMib.peak} MiB of the worker`,
      );
      await forget(database, ran.printed.statement_id);
    }
    const of = (value: (run: Run) => number) => figure(runs.map(value));
    return {
      rows,
      seconds: of((run) => run.seconds),
      rowsPerSecond: of((run) => Math.round(rows / run.seconds)),
      loadSeconds: of((run) => run.loadSeconds),
      matchSeconds: of((run) => run.matchSeconds),
      copyAndJoinSeconds: of((run) => run.floorSeconds),
      /** How many times as long as COPY and the join: in all, of the reading, and of the matching. */
      timesCopyAndJoin: of((run) => run.seconds / run.floorSeconds),
      loadTimesCopyAndJoin: of((run) => run.loadSeconds / run.floorSeconds),
      matchTimesCopyAndJoin: of((run) => run.matchSeconds / run.floorSeconds),
      commandPeakMib: of((run) => run.ran.commandMib.peak),
      workerPeakMib: of((run) => run.ran.workerMib.peak),
      /** Of the worker's memory, the last third to the first: 1 is flat. */
      workerMibRatio: of((run) => run.ran.workerMib.ratio),
      layout: runs[0]!.ran.printed.layout,
      ...expected(rows),
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

interface Times {
  readonly loadSeconds: number;
  readonly matchSeconds: number;
}

interface Run extends Times {
  readonly seconds: number;
  readonly floorSeconds: number;
  readonly ran: Ran;
}

/** A database with so many rows of ours, a worker on it, and the file that names them. */
async function openSubject(
  rows: number,
  { dir, postgres, temporal }: Awaited<ReturnType<typeof startParts>>,
  closers: Closers,
  say: BenchOptions['say'],
) {
  const databaseUrl = await postgres.createDatabase(`statement_${rows}`);
  const engine = { temporalAddress: temporal.address, temporalNamespace: temporal.namespace };
  await setUp({ databaseUrl, ...engine }, { RECONCILE_INTERVAL: '1d' });
  const database = openWithSql(databaseUrl, { maxConnections: 1 });
  closers.push(() => database.close());
  await fillOurs(database, rows);
  const file = join(dir, `balance-${rows}.csv`);
  closers.push(() => rm(file, { force: true }));
  await writeFile(file, rows);
  say(`${rows} rows of ours and the file that names them are written`);
  const env = {
    ...environmentOf(temporal, databaseUrl),
    HYPERSWITCH_BASE_URL: 'http://127.0.0.1:9',
    LOG_LEVEL: 'warn',
  };
  const worker = startNode({ name: 'worker', script: compiled('worker.js'), env, onLine: say });
  closers.push(() => worker.stop());
  await worker.ready;
  return { database, worker, env, file };
}

/** The same bytes are the same settlement file: one more empty line makes another of them. */
async function copyOfItsOwn(file: string, turn: number, closers: Closers): Promise<string> {
  const copy = `${file}.${turn}.csv`;
  closers.push(() => rm(copy, { force: true }));
  await copyFile(file, copy);
  await appendFile(copy, '\n'.repeat(turn));
  return copy;
}

function isRight(rows: number, printed: Printed, joined: object): void {
  const found = { matched: printed.matched, exceptions: printed.exceptions };
  if (printed.rows !== rows || !isDeepStrictEqual(found, expected(rows))) {
    throw new Error(`of ${rows} rows: ${JSON.stringify(printed)}`);
  }
  const { matched, exceptions } = found;
  const same = {
    matched: Object.values(matched).reduce((sum, count) => sum + count, 0),
    differ: exceptions['amount_differs'],
    missing: exceptions['missing_here'],
  };
  if (!isDeepStrictEqual({ ...joined }, same)) throw new Error(`the join found ${JSON.stringify(joined)}`);
}

async function readTimes({ sql }: DatabaseWithSql, id: string): Promise<Times> {
  const [took] = await sql<Times[]>`
    SELECT extract(epoch FROM loaded_at - created_at)::float8 AS "loadSeconds",
      extract(epoch FROM ended_at - loaded_at)::float8 AS "matchSeconds"
    FROM provider_statements WHERE id = ${id}`;
  return took!;
}

/** Each round begins with tables as the first one found them. */
async function forget({ sql }: DatabaseWithSql, id: string): Promise<void> {
  await sql`DELETE FROM statement_exceptions WHERE statement_id = ${id}`;
  await sql`VACUUM (ANALYZE) statement_rows, statement_claims, statement_exceptions`;
}

/** How time grows from one size to the next. */
function slope(from: Point, to: Point) {
  const millions = (to.rows - from.rows) / 1_000_000;
  return {
    rows: [from.rows, to.rows],
    /** The power of the rows that the time grows with: 1 is linear, and less where the start still counts. */
    secondsPower: round(Math.log(to.seconds.median / from.seconds.median) / Math.log(to.rows / from.rows)),
    commandMibPerMillionRows: Math.round((to.commandPeakMib.median - from.commandPeakMib.median) / millions),
    workerMibPerMillionRows: Math.round((to.workerPeakMib.median - from.workerPeakMib.median) / millions),
  };
}
