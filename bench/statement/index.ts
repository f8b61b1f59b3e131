import { isDeepStrictEqual } from 'node:util';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openWithSql } from '../../sandbox/database.ts';
import { setUp } from '../../sandbox/cli/veza.ts';
import { startNode } from '../../stack/index.ts';
import type { Bench, BenchOptions } from '../bench.ts';
import { round } from '../memory.ts';
import { type Closers, compiled, onCompiledCode, SECRETS, startParts } from '../stack.ts';
import { runCommand } from './command.ts';
import { expected, fillOurs, writeFile } from './fill.ts';
import { copyAndJoin } from './floor.ts';

const SIZES = [10_000, 100_000, 1_000_000];

/**
 * Settlement files of several sizes, each against a database of as many rows of ours, through the real command and the
 * real workflow on compiled code, beside COPY and one join of the same file.
 */
export const statement: Bench = ({ rows = SIZES, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers);
    const curve: Point[] = [];
    for (const size of rows) curve.push(await measure(size, parts, say));
    return { curve, slope: curve.slice(1).map((point, index) => slope(curve[index]!, point)) };
  });

type Point = Awaited<ReturnType<typeof measure>>;

async function measure(
  rows: number,
  { dir, postgres, temporal }: Awaited<ReturnType<typeof startParts>>,
  say: BenchOptions['say'],
) {
  const closers: Closers = [];
  try {
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
      PATH: process.env['PATH'] ?? '',
      ...SECRETS,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      DATABASE_URL: databaseUrl,
      HYPERSWITCH_BASE_URL: 'http://127.0.0.1:9',
      LOG_LEVEL: 'warn',
    };
    const worker = startNode({ name: 'worker', script: compiled('worker.js'), env, onLine: say });
    closers.push(() => worker.stop());
    await worker.ready;
    const ran = await runCommand(file, env, { workerPid: () => worker.pid, say });
    const { printed, seconds, commandMib, workerMib } = ran;
    const found = { matched: printed.matched, exceptions: printed.exceptions };
    if (printed.rows !== rows || !isDeepStrictEqual(found, expected(rows))) {
      throw new Error(`of ${rows} rows: ${JSON.stringify(printed)}`);
    }
    const [took] = await database.sql<{ load: number; match: number }[]>`
      SELECT extract(epoch FROM loaded_at - created_at)::float8 AS load, extract(epoch FROM ended_at - loaded_at)::float8 AS match
      FROM provider_statements WHERE id = ${printed.statement_id}`;
    const floor = await copyAndJoin(database, file);
    const { matched, exceptions } = found;
    const same = {
      matched: Object.values(matched).reduce((sum, count) => sum + count, 0),
      differ: exceptions['amount_differs'],
      missing: exceptions['missing_here'],
    };
    if (!isDeepStrictEqual({ ...floor.counts }, same))
      throw new Error(`the join found ${JSON.stringify(floor)}`);
    const point = {
      rows,
      seconds: round(seconds),
      rowsPerSecond: Math.round(rows / seconds),
      loadSeconds: round(took!.load),
      matchSeconds: round(took!.match),
      copyAndJoinSeconds: round(floor.seconds),
      copyAndJoinRowsPerSecond: Math.round(rows / floor.seconds),
      /** Our rows a second divided by those of COPY and the join. */
      ratio: round(floor.seconds / seconds),
      commandMib,
      workerMib,
      layout: printed.layout,
      ...found,
    };
    say(
      `${rows} rows: ${point.seconds} s, ${point.rowsPerSecond} rows a second, ${point.ratio} of COPY and a join; ` +
        `at most ${commandMib.peak} MiB of the command, ${workerMib.peak} MiB of the worker`,
    );
    return point;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** How time grows from one size to the next. */
function slope(from: Point, to: Point) {
  const millions = (to.rows - from.rows) / 1_000_000;
  return {
    rows: [from.rows, to.rows],
    /** The power of the rows that the time grows with: 1 is linear, and less where the start still counts. */
    secondsPower: round(Math.log(to.seconds / from.seconds) / Math.log(to.rows / from.rows)),
    commandMibPerMillionRows: Math.round((to.commandMib.peak - from.commandMib.peak) / millions),
    workerMibPerMillionRows: Math.round((to.workerMib.peak - from.workerMib.peak) / millions),
  };
}
