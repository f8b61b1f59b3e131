import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSettlementFile } from '../../ops/settlements/load.ts';
import { eventually } from '../harness/wait.ts';
import {
  type Desk,
  exceptionsOf,
  exportOf,
  leftovers,
  openDesk,
  reconcileStatement,
  startReconcileStatement,
  settlementFileRow,
  transferLine,
} from './support.ts';

const OURS = 6_000;
const STRANGERS = 15_000;
const TWICE = 1_000;
const BAD = 500;
const ROWS = OURS + STRANGERS + TWICE + BAD;
/** Processes of their own on a busy machine, and a dead worker is only noticed by its heartbeats. */
const TIMEOUT_MS = 300_000;

let desk: Desk;
let world: Desk['world'];
let files: Desk['files'];
beforeAll(async () => {
  desk = await openDesk({ worker: false });
  ({ world, files } = desk);
  const { buyerId, sellerId } = desk;
  const { sql } = world.database;
  await sql`INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status, payment_id, completed_at)
    SELECT md5('order' || n)::uuid, ${buyerId}, 100, 100, 'USD', 'USD', 'completed', 'p' || n, '2026-08-21T10:11:00Z'
    FROM generate_series(1, ${OURS}::int) AS n`;
  await sql`INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, stripe_transfer_id, completed_at)
    SELECT md5('transfer' || n)::uuid, md5('order' || n)::uuid, ${sellerId}, 90, 'USD', 'completed', 'tr_ours_' || n, '2026-08-21T10:11:00Z'
    FROM generate_series(1, ${OURS}::int) AS n`;
});
afterAll(() => desk.close());

/** Ours, strangers, ours again and unreadable ones, all over the file; each file with a first line of its own. */
function text(mark: string): string {
  const line = (source: string, amount = '-0.90') => transferLine(source, amount);
  const lines = [
    ...Array.from({ length: OURS }, (_, n) => line(`tr_ours_${n + 1}`)),
    ...Array.from({ length: STRANGERS }, (_, n) => line(`tr_strange_${mark}_${n}`)),
    ...Array.from({ length: TWICE }, (_, n) => line(`tr_ours_${n + 1}`)),
    ...Array.from({ length: BAD }, (_, n) => line(`tr_bad_${n}`, 'x')),
  ];
  // 7919 is a prime that no count here is a multiple of, so this takes each line once.
  return exportOf(...lines.map((_, index) => lines[(index * 7_919) % lines.length]!));
}

async function expectWhole(statementId: string): Promise<void> {
  const { rowsRead, matched, endedAt } = await settlementFileRow(world, statementId);
  expect(endedAt).not.toBeNull();
  expect({ rowsRead, matched }).toEqual({ rowsRead: ROWS, matched: { transfer: OURS } });
  const exceptions = await exceptionsOf(world, statementId);
  const count = (kind: string) => exceptions.filter((one) => one.kind === kind).length;
  expect({
    missing_here: count('missing_here'),
    claimed_twice: count('claimed_twice'),
    bad_row: count('bad_row'),
    all: exceptions.length,
  }).toEqual({
    missing_here: STRANGERS,
    claimed_twice: TWICE,
    bad_row: BAD,
    all: STRANGERS + TWICE + BAD,
  });
  expect(new Set(exceptions.map(({ line }) => line)).size).toBe(exceptions.length);
  expect(await leftovers(world)).toEqual({ rows: 0, claims: 0 });
}

/** Stops whoever works at a settlement file once it is in the middle of it: nobody gets on while the row is locked. */
async function inTheMiddle(
  column: 'rows_read' | 'matched_through',
  stop: () => Promise<unknown>,
): Promise<string> {
  const { sql } = world.database;
  // A loader and a worker of their own take their time to start.
  const id = await eventually(async () => {
    const [begun] = await sql<{ id: string }[]>`
      SELECT id FROM provider_statements WHERE ${sql(column)} > 0 AND ended_at IS NULL`;
    expect(begun).toBeDefined();
    return begun!.id;
  }, 120_000);
  await sql.begin(async (tx) => {
    const [row] = await tx<{ at: number }[]>`
      SELECT ${tx(column)} AS at FROM provider_statements WHERE id = ${id} FOR UPDATE`;
    expect(row!.at).toBeLessThan(ROWS);
    await stop();
  });
  return id;
}

it(
  'a loader that is killed goes on behind the rows that it has stored',
  async () => {
    const file = await files.write('killed-loader.csv', text('loader'));
    const loader = startReconcileStatement(world, file);
    const id = await inTheMiddle('rows_read', async () => {
      loader.kill('SIGKILL');
      await once(loader, 'exit');
    });
    const { rowsRead, loadedAt } = await settlementFileRow(world, id);
    expect(loadedAt).toBeNull();
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(ROWS);

    await world.startWorker();
    const { code, stdout, stderr } = await reconcileStatement(world, file, '--json');
    await world.stopWorker();
    expect(JSON.parse(stdout), stderr).toMatchObject({ statement_id: id, rows: ROWS });
    expect(code).toBe(1);
    await expectWhole(id);
  },
  TIMEOUT_MS,
);

it(
  'a worker that is killed: the next one goes on, and whoever follows sees the end',
  async () => {
    const file = await files.write('killed-worker.csv', text('worker'));
    await world.startWorkerProcess();
    const following = reconcileStatement(world, file, '--json');
    const id = await inTheMiddle('matched_through', () => world.killWorkerProcess());
    const { matchedThrough } = await settlementFileRow(world, id);
    expect(matchedThrough).toBeGreaterThan(0);
    expect(matchedThrough).toBeLessThan(ROWS);
    await world.startWorkerProcess();
    const { stdout, stderr } = await following;
    await world.killWorkerProcess();
    expect(JSON.parse(stdout), stderr).toMatchObject({ statement_id: id, rows: ROWS });
    await expectWhole(id);
  },
  TIMEOUT_MS,
);

it(
  'a matching that is terminated by hand goes on when the file is given again; it continues as new',
  async () => {
    const file = await files.write('terminated.csv', text('terminated'));
    const ask = { file, provider: undefined, mapping: undefined };
    const { id, rowsRead, loadedAt } = await loadSettlementFile(world.database.db, ask, () => undefined);
    expect({ rowsRead, isLoaded: loadedAt !== null }).toEqual({ rowsRead: ROWS, isLoaded: true });
    await world.startWorker();
    const start = (args: object) =>
      world.temporal.workflow.start('statement', {
        workflowId: `statement/${id}`,
        taskQueue: world.config.TEMPORAL_TASK_QUEUE,
        args: [{ statementId: id, ...args }],
      });
    const first = await start({ batchRows: 200, slicesPerRun: 3 });
    await eventually(async () => {
      expect((await settlementFileRow(world, id)).matchedThrough).toBeGreaterThan(4_000);
    }, 120_000);
    const running = world.temporal.workflow.getHandle(`statement/${id}`);
    expect((await running.describe()).runId).not.toBe(first.firstExecutionRunId);
    await running.terminate('by hand');
    const { matchedThrough } = await settlementFileRow(world, id);
    expect(matchedThrough).toBeLessThan(ROWS);
    await world.engine.startSettlement(id);
    await world.engine.settlementEnded(id);
    expect(await world.engine.settlementProgress(id)).toEqual({ stage: 'ended', matched: ROWS, total: ROWS });
    await expectWhole(id);

    // And once more, when all is done: nothing is judged again.
    await (await start({})).result();
    await expectWhole(id);
    await world.stopWorker();
  },
  TIMEOUT_MS,
);
