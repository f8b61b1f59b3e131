import type { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openCatalog } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { type SeenSpan, startOtlpReceiver } from './otlp-receiver.ts';

// A real collector's end of the wire: what API and worker post to it is what is judged.

const CALLERS_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLERS_SPAN = '00f067aa0ba902b7';
/** Of a refund whose reversal met no trouble. */
const UNTROUBLED_TRACE = '5bf92f3577b34da6a3ce929d0e0e4736';

type Histories = readonly {
  readonly workflowId: string;
  readonly history: temporal.api.history.v1.IHistory;
}[];

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let trace: readonly SeenSpan[];
let untroubled: readonly SeenSpan[];
let refundId: string;
let secrets: string[];
let histories: Histories;
let memos: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const world = await World.create({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
  const { buyer, products } = await openCatalog(world);
  const sold = await completedOrder(world, buyer, [products[0]!.id]);
  const headers = { traceparent: `00-${UNTROUBLED_TRACE}-${CALLERS_SPAN}-01` };
  const untroubledId = await openedRefund(world, buyer, sold.orderId, {}, headers);
  await world.finished(`refund/${untroubledId}`);
  const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
  // The direct lane is full, so the reversal has a workflow of its own.
  await world.database.sql`
    INSERT INTO rate_limits (name, next_free_at) VALUES ('stripe', now() + interval '10 minutes')
    ON CONFLICT (name) DO UPDATE SET next_free_at = excluded.next_free_at`;
  refundId = await openedRefund(
    world,
    buyer,
    orderId,
    { reason: 'ordered by mistake' },
    {
      traceparent: `00-${CALLERS_TRACE}-${CALLERS_SPAN}-01`,
      'x-request-id': 'a-request-of-the-test',
    },
  );
  await world.finished(`refund/${refundId}`);
  const [reversal] = await world.reversalsOf(refundId);
  await world.finished(`reversal/${reversal!.id}`);
  const ids = [`refund/${refundId}`, `reversal/${reversal!.id}`, `order/${orderId}`];
  histories = await Promise.all(
    ids.map(async (workflowId) => ({
      workflowId,
      history: await world.temporal.workflow.getHandle(workflowId).fetchHistory(),
    })),
  );
  const described = ids.map(async (workflowId) => {
    const { memo } = await world.temporal.workflow.getHandle(workflowId).describe();
    return [workflowId.split('/')[0]!, memo] as const;
  });
  memos = Object.fromEntries(await Promise.all(described));
  const emails = await world.database.sql<{ email: string }[]>`SELECT email FROM users`;
  secrets = [
    ...emails.map(({ email }) => email),
    buyer.token,
    buyer.id,
    world.config.STRIPE_SECRET_KEY,
    world.config.HYPERSWITCH_API_KEY,
    'ordered by mistake',
    '127.0.0.1',
  ];
  // Both processes send what they still hold when they end.
  await world.close();
  trace = receiver.spans.filter(({ traceId }) => traceId === CALLERS_TRACE);
  untroubled = receiver.spans.filter(({ traceId }) => traceId === UNTROUBLED_TRACE);
});
afterAll(() => receiver.close());

const parentOf = (span: SeenSpan, spans = trace) => spans.find(({ spanId }) => spanId === span.parentSpanId);

/** The names from a span up to the caller's. */
function lineage(name: string, spans = trace): string[] {
  const names: string[] = [];
  for (let at = spans.find((span) => span.name === name); at !== undefined; at = parentOf(at, spans)) {
    names.push(at.name);
    if (at.parentSpanId === CALLERS_SPAN) names.push('the caller');
  }
  return names;
}

test("a refund is one trace under its caller's, from the request to the PSP and to SQL", () => {
  expect(lineage('hyperswitch createRefund')).toEqual([
    'hyperswitch createRefund',
    'activity askProvider',
    'workflow refund',
    'temporal update_with_start opened',
    'POST /api/v1/marketplace/orders/:orderId/refund',
    'the caller',
  ]);
  const statement = trace.find(
    (span) => span.name === 'insert refunds' && parentOf(span)?.name === 'activity openRefund',
  );
  expect(statement?.service).toBe('veza-worker');
});

test('it goes on through the workflows that it started', () => {
  expect(lineage('stripe createReversal')).toEqual([
    'stripe createReversal',
    'activity attemptReversal',
    'workflow reversal',
    'temporal start reversal',
    'activity takeBack',
    'workflow refund',
    'temporal update_with_start opened',
    'POST /api/v1/marketplace/orders/:orderId/refund',
    'the caller',
  ]);
});

test('a reversal that meets no trouble is asked for by the workflow of its refund', () => {
  expect(lineage('stripe createReversal', untroubled)).toEqual([
    'stripe createReversal',
    'activity takeBack',
    'workflow refund',
    'temporal update_with_start opened',
    'POST /api/v1/marketplace/orders/:orderId/refund',
    'the caller',
  ]);
  expect(untroubled.filter(({ name }) => name === 'workflow reversal')).toEqual([]);
});

test('every span of it has its parent, and none failed', () => {
  const orphans = trace.filter((span) => span.parentSpanId !== CALLERS_SPAN && parentOf(span) === undefined);
  expect(orphans.map(({ name }) => name)).toEqual([]);
  expect(trace.filter(({ isError }) => isError)).toEqual([]);
  expect(new Set(trace.map(({ service }) => service))).toEqual(new Set(['veza-api', 'veza-worker']));
});

test('ids are attributes: of the request, the workflow and the run', () => {
  const activity = trace.find(({ name }) => name === 'activity askProvider');
  expect(activity?.attributes).toMatchObject({
    'veza.request_id': 'a-request-of-the-test',
    'veza.workflow_id': `refund/${refundId}`,
    'veza.attempt': 1,
  });
  expect(activity?.attributes['veza.run_id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('the memo of each workflow names the request that it began with, also where another workflow started it', () => {
  expect(memos).toEqual({
    refund: { requestId: 'a-request-of-the-test' },
    reversal: { requestId: 'a-request-of-the-test' },
    order: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown },
  });
});

test('nothing leaks: no e-mail, no token, no key, no reason, no value of a statement', () => {
  expect(secrets.length).toBeGreaterThan(5);
  for (const secret of secrets) expect(receiver.sent()).not.toContain(secret);
});

// The same commands in the same order either way: tracing costs no event, and decides nothing.
test('a history replays alike with the origin that it was recorded with, and without any', async () => {
  const origins = histories.map(({ history }) => {
    const [started] = history.events ?? [];
    return started?.workflowExecutionStartedEventAttributes?.header?.fields?.['veza-origin'];
  });
  expect(origins.filter((origin) => origin === undefined || origin === null)).toEqual([]);
  const bare = histories.map(({ workflowId, history }) => ({
    workflowId,
    history: {
      events: (history.events ?? []).map((event) => {
        const started = event.workflowExecutionStartedEventAttributes;
        return started
          ? { ...event, workflowExecutionStartedEventAttributes: { ...started, header: null } }
          : event;
      }),
    },
  }));
  const options = { workflowBundle: { codePath: inject('workflowBundlePaths').plain } };
  for await (const { error } of Worker.runReplayHistories(options, [...histories, ...bare])) {
    expect(error).toBeUndefined();
  }
});

test('what asks on nobody’s behalf makes no trace: no statement stands alone', () => {
  const alone = receiver.spans.filter(({ parentSpanId }) => parentSpanId === '');
  expect(alone.map(({ name }) => name).filter((name) => /^(select|insert|update|delete)/.test(name))).toEqual(
    [],
  );
});
