import { Writable } from 'node:stream';
import { beforeAll, expect, inject, test } from 'vitest';
import { createLogger } from '../../log.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';

type Line = Readonly<Record<string, unknown>>;

/** By request: that it shuts down, and that a rule of ours forbids it. */
const SAID_BY_POSTGRESQL = { 'req-away': '57P01', 'req-refused': 'P0001' };

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const UNTROUBLED_TRACE = '1af7651916cd43dd8448eb211c80319c';

let lines: readonly Line[];
let linesOf: (requestId: string) => readonly Line[];
let refundId: string;
let untroubledId: string;
let orderLines: readonly Line[];

beforeAll(async () => {
  const receiver = await startOtlpReceiver();
  const world = await World.create({
    env: {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
      // Origins go through an engine that keeps all else encrypted.
      PAYLOAD_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    },
    worker: false,
  });
  const written: Line[] = [];
  const stdout = new Writable({
    write(chunk, _, done) {
      written.push(JSON.parse(String(chunk)) as Line);
      done();
    },
  });
  const worker: RunningWorker = await startWorker(world.config, {
    log: createLogger('info', stdout),
    workflowBundle: { codePath: inject('workflowBundlePaths').encoded },
  });
  const { buyer, productIds } = await openShop(world);
  const refunded = async (requestId: string, trace: Readonly<Record<string, string>> = {}) => {
    const sold = await completedOrder(world, buyer, productIds);
    const id = await openedRefund(world, buyer, sold.orderId, {}, { 'x-request-id': requestId, ...trace });
    await world.finished(`refund/${id}`);
    return id;
  };
  untroubledId = await refunded('req-5', { traceparent: `00-${UNTROUBLED_TRACE}-b7ad6b7169203331-01` });
  const { sql } = world.database;
  for (const [requestId, code] of Object.entries(SAID_BY_POSTGRESQL)) {
    await sql.unsafe(`
      CREATE FUNCTION says_no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'no' USING ERRCODE = '${code}';
      END $$;
      CREATE TRIGGER says_no BEFORE UPDATE ON transfer_reversals FOR EACH ROW EXECUTE FUNCTION says_no()`);
    const id = await refunded(requestId);
    await sql`DROP FUNCTION says_no CASCADE`;
    for (const reversal of await world.reversalsOf(id)) await world.finished(`reversal/${reversal.id}`);
  }
  const { orderId } = await completedOrder(world, buyer, productIds);
  const headers = { 'x-request-id': 'req-7', traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
  // The direct lane is full, so the reversal has a workflow of its own.
  await world.database.sql`
    INSERT INTO rate_limits (name, next_free_at) VALUES ('stripe', now() + interval '10 minutes')
    ON CONFLICT (name) DO UPDATE SET next_free_at = excluded.next_free_at`;
  refundId = await openedRefund(world, buyer, orderId, {}, headers);
  await world.finished(`refund/${refundId}`);
  const [reversal] = await world.reversalsOf(refundId);
  await world.finished(`reversal/${reversal!.id}`);
  await worker.close();
  await world.close();
  await receiver.close();
  linesOf = (asked) => written.filter(({ requestId }) => requestId === asked);
  lines = linesOf('req-7');
  orderLines = written.filter(({ workflowId }) => workflowId === `order/${orderId}`);
});

test('a line of an activity names its workflow, run, attempt, the request that all began with, and the trace', () => {
  expect(lines.find(({ msg }) => msg === 'refund succeeded')).toMatchObject({
    refundId,
    workflowId: `refund/${refundId}`,
    runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    activity: 'settleRefund',
    attempt: 1,
    traceId: TRACE,
  });
});

test('so does one of a workflow that another one started', () => {
  const ended = lines.find(({ msg }) => msg === 'reversal ended');
  expect(ended?.['workflowId']).toMatch(/^reversal\//);
  expect(ended).toMatchObject({ requestId: 'req-7', traceId: TRACE });
});

test('so does one of a reversal that its refund’s workflow ends', () => {
  expect(linesOf('req-5').filter(({ msg }) => msg === 'reversal ended')).toMatchObject([
    {
      status: 'reversed',
      workflowId: `refund/${untroubledId}`,
      activity: 'takeBack',
      attempt: 1,
      traceId: UNTROUBLED_TRACE,
    },
  ]);
});

test('a first attempt that fails is an error; that the database was away is a warning', () => {
  const said = (requestId: string) =>
    linesOf(requestId).filter(
      ({ activity, level }) => activity === 'takeBack' && (level === 'warn' || level === 'error'),
    );
  expect(said('req-away')).toMatchObject([
    { level: 'warn', msg: 'the database was away at the first attempt of a reversal' },
  ]);
  expect(said('req-refused')).toMatchObject([
    { level: 'error', msg: 'the first attempt of a reversal failed' },
  ]);
});

test('another request is another trace', () => {
  expect(orderLines.length).toBeGreaterThan(0);
  for (const line of orderLines) {
    expect(line['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(line['traceId']).not.toBe(TRACE);
    expect(line['requestId']).not.toBe('req-7');
  }
});

test('an event is one line, its ids once', () => {
  const text = JSON.stringify(lines.find(({ msg }) => msg === 'refund succeeded'));
  expect(text.split('"requestId"')).toHaveLength(2);
});
