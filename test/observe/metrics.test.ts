import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../../config.ts';
import { authFailures } from '../../db/accounts/tokens/schema.ts';
import { writePlatformSetting } from '../../db/kernel/platform-setting.ts';
import { startServer } from '../../server.ts';
import { adopted } from '../harness/wait.ts';
import { NET_MINOR, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder, settledRefund } from '../harness/stories.ts';
import { onReversalsOf, REFUSED } from '../harness/trouble.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';
import { World } from '../harness/world.ts';
import { readAlerts, readAlertTests, readDashboard, type Selector, selectorsOf } from './deployed.ts';
import { type Sample, scrape, valueOf } from './support.ts';

// What API and worker show over HTTP, each from a process that was started as it is in production.

let world: World;
let api: readonly Sample[];
let worker: readonly Sample[];

beforeAll(async () => {
  world = await World.create({ env: { METRICS_PORT: '0', REVERSAL_MAX_RETRIES: '0' }, worker: false });
  await world.startWorkerProcess();
  const { buyer, admin, productIds } = await openShop(world);
  const { database } = world;
  await writePlatformSetting(database.db, 'temporal_namespace_id', await world.engine.namespaceId());

  const { orderId } = await completedOrder(world, buyer, productIds);
  await settledRefund(world, buyer, orderId);
  const kept = await completedOrder(world, buyer, productIds);
  const failing = await completedOrder(world, buyer, productIds);
  onReversalsOf(world, failing.transfers[0]!.stripeTransferId!, REFUSED);
  await settledRefund(world, buyer, failing.orderId);
  world.psp.control.setRefundMode('manual');
  const stuckId = await openedRefund(world, buyer, kept.orderId);
  await adopted(world, stuckId);
  await placedOrder(world, buyer, productIds);
  await database.sql`UPDATE refunds SET created_at = now() - interval '2 hours' WHERE id = ${stuckId}`;
  await world.get(buyer, '/nowhere/0197c1a2-secret');
  await fetch(`${world.apiUrl}/ops/login`);
  await world.post(null, '/webhooks/stripe', { forged: true });
  await world.post(admin, '/admin/reconcile', {});
  const over = { scope: 'over', failures: 1, since: new Date(0) };
  await database.db.insert(authFailures).values(over);
  await world.post(admin, '/admin/upkeep', {});
  // After the sweep, which would wake what is overdue.
  await database.sql.begin(async (tx) => {
    const price = '01998000-0000-7000-8000-000000000002';
    const subscriptionId = uuidv7();
    const invoiceId = uuidv7();
    await tx`
      INSERT INTO subscriptions (id, user_id, price_id, status, next_due_at, created_at)
      VALUES (${subscriptionId}, ${buyer.id}, ${price}, 'past_due', now() - interval '1 hour', now())`;
    await tx`
      INSERT INTO invoices (id, subscription_id, price_id, reason, status, number, period_start, period_end, amount_minor, currency,
        hyperswitch_payment_id, issued_to, paid_at, created_at)
      VALUES (${invoiceId}, ${subscriptionId}, ${price}, 'first', 'paid', 'VZ-TEST-1', now(), now() + interval '1 month', 999, 'USD',
        'pay', '{}', now(), now())`;
    await tx`
      INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, status, decline_class)
      VALUES (${invoiceId}, ${invoiceId}, 1, true, 999, 'USD', 'failed', 'retry')`;
    await tx`
      INSERT INTO revenue_schedules (id, invoice_id, amount_minor, recognised_minor, currency, starts_at, ends_at)
      VALUES (gen_random_uuid(), ${invoiceId}, 999, 333, 'USD', now(), now() + interval '1 month')`;
    await tx`
      INSERT INTO mails (id, user_id, kind, subject, params) VALUES (gen_random_uuid(), ${buyer.id}, 'invoice_receipt', 'invoice/1', '{}')`;
    await tx`
      INSERT INTO ops_flags (id, kind, subject, detail) VALUES (gen_random_uuid(), 'phantom', ${`subscription/${subscriptionId}`}, 'nobody paid')`;
  });

  api = await scrape(world.metricsUrls.api!);
  worker = await scrape(world.metricsUrls.worker!);
});
afterAll(() => world.close());

describe('HTTP', () => {
  test('requests by the template of their route, method and status; never by their path', () => {
    const labels = { method: 'POST', route: '/api/v1/marketplace/orders/:orderId/refund', status: '202' };
    expect(valueOf(api, 'veza_http_request_duration_seconds_count', labels)).toBe(3);
    expect(
      valueOf(api, 'veza_http_request_duration_seconds_count', { route: 'unmatched', status: '404' }),
    ).toBe(1);
    const ofConsole = { method: 'GET', route: '/ops/login', status: '200' };
    expect(valueOf(api, 'veza_http_request_duration_seconds_count', ofConsole)).toBe(1);
    const routes = api.flatMap(({ labels: { route } }) => (route === undefined ? [] : [route]));
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter((route) => /[0-9a-f]{8}|secret|nowhere/.test(route))).toEqual([]);
  });

  test('webhooks by provider and outcome, refused signatures among them', () => {
    expect(
      valueOf(api, 'veza_webhooks_total', { provider: 'hyperswitch', outcome: 'signalled' }),
    ).toBeGreaterThan(2);
    expect(valueOf(api, 'veza_webhooks_total', { provider: 'stripe', outcome: 'signature_refused' })).toBe(1);
  });
});

describe('providers, engine and database', () => {
  test('calls to the PSP and to Stripe by operation and outcome', () => {
    const name = 'veza_provider_call_duration_seconds_count';
    expect(
      valueOf(worker, name, { provider: 'hyperswitch', operation: 'createRefund', outcome: 'refund' }),
    ).toBe(3);
    expect(
      valueOf(worker, name, { provider: 'stripe', operation: 'createReversal', outcome: 'created' }),
    ).toBe(1);
  });

  test('calls to Temporal, attempts of activities, statements', () => {
    expect(
      valueOf(api, 'veza_engine_call_duration_seconds_count', { call: 'update_with_start', outcome: 'ok' }),
    ).toBe(7);
    expect(
      valueOf(worker, 'veza_activity_duration_seconds_count', { activity: 'settleRefund', outcome: 'ok' }),
    ).toBe(2);
    for (const samples of [api, worker]) {
      expect(
        valueOf(samples, 'veza_db_statement_duration_seconds_count', { operation: 'select' }),
      ).toBeGreaterThan(5);
      expect(valueOf(samples, 'veza_db_connections_max')).toBe(20);
    }
    expect(valueOf(worker, 'veza_db_transaction_wait_seconds_count')).toBeGreaterThan(5);
  });

  test('what is under way comes back to nothing', async () => {
    const settled = { timeout: 60_000, interval: 100 };
    await vi.waitFor(async () => {
      for (const url of Object.values(world.metricsUrls)) {
        const now = await scrape(url!);
        expect(valueOf(now, 'veza_http_requests_in_flight')).toBe(0);
        expect(valueOf(now, 'veza_db_transactions_open')).toBe(0);
        expect(valueOf(now, 'veza_db_transactions_waiting')).toBe(0);
      }
    }, settled);
  });

  test("the SDK's own metrics stand at the same address", () => {
    const { TEMPORAL_TASK_QUEUE: queue } = world.config;
    expect(valueOf(worker, 'temporal_workflow_completed_total', { workflow_type: 'order' })).toBe(3);
    expect(valueOf(worker, 'temporal_num_pollers', { task_queue: queue })).toBeGreaterThan(0);
    expect(
      valueOf(worker, 'temporal_activity_schedule_to_start_latency_seconds_count', { task_queue: queue }),
    ).toBeGreaterThan(0);
  });
});

describe('the business', () => {
  test('is the same from each process', () => {
    const business = (samples: readonly Sample[]) =>
      samples.filter(({ name }) =>
        /^veza_(open_rows|open_amount|refunds_|stuck_|webhooks_open$|approvals_|ops_|sweep_last|upkeep_last)/.test(
          name,
        ),
      );
    expect(business(api).length).toBeGreaterThan(10);
    expect(business(worker)).toEqual(business(api));
  });

  test('open rows with their money and age', () => {
    const pending = { kind: 'refund', status: 'pending' };
    expect(valueOf(api, 'veza_open_rows', pending)).toBe(1);
    expect(valueOf(api, 'veza_open_amount_minor', pending)).toBe(PRICE_MINOR);
    expect(valueOf(api, 'veza_open_oldest_age_seconds', pending)).toBeGreaterThan(7_000);
    expect(valueOf(api, 'veza_open_rows', { kind: 'order' })).toBe(1);
  });

  test('what automation gave up on, with its money', () => {
    const labels = { kind: 'reversal', currency: 'USD' };
    expect(valueOf(api, 'veza_permanently_failed_rows', labels)).toBe(1);
    expect(valueOf(api, 'veza_permanently_failed_amount_minor', labels)).toBe(NET_MINOR);
    expect(valueOf(api, 'veza_ops_flags_open')).toBeGreaterThan(0);
  });

  test('refunds by state and age, and what has been open for longer than its threshold', () => {
    expect(valueOf(api, 'veza_refunds_pending', { step: 'accepted', age: '1h_to_1d' })).toBe(1);
    expect(valueOf(api, 'veza_stuck_rows', { kind: 'refund' })).toBe(1);
    expect(valueOf(api, 'veza_stuck_rows', { kind: 'order' })).toBe(0);
    expect(valueOf(api, 'veza_stuck_rows', { kind: 'orphan' })).toBe(0);
  });

  test('subscriptions by status, charges by outcome and class, what is overdue, deferred, flagged and written', () => {
    expect(valueOf(api, 'veza_subscriptions', { status: 'past_due', plan: 'creator' })).toBe(1);
    const charges = 'veza_invoice_attempts_last_hour';
    expect(valueOf(api, charges, { outcome: 'failed', decline_class: 'retry' })).toBe(1);
    expect(valueOf(api, 'veza_stuck_rows', { kind: 'subscription' })).toBe(1);
    expect(valueOf(api, 'veza_stuck_rows', { kind: 'invoice' })).toBe(0);
    expect(valueOf(api, 'veza_deferred_revenue_minor', { currency: 'USD' })).toBe(666);
    expect(valueOf(api, 'veza_mails_written_last_hour', { kind: 'invoice_receipt' })).toBe(1);
    expect(valueOf(api, 'veza_ops_flags_open', { kind: 'phantom' })).toBe(1);
    expect(valueOf(api, 'veza_ops_flags_open', { kind: 'double_payment' })).toBe(0);
  });

  test('what the sweep did, and when it last ended', () => {
    expect(valueOf(worker, 'veza_sweep_rows_total', { phase: 'stuck_refunds' })).toBe(1);
    const ageSeconds = Date.now() / 1000 - valueOf(api, 'veza_sweep_last_success_timestamp_seconds')!;
    expect(ageSeconds).toBeGreaterThanOrEqual(0);
    expect(ageSeconds).toBeLessThan(120);
  });

  test('how often the sweep is to run, which its alert is held against', () => {
    for (const process of [api, worker]) expect(valueOf(process, 'veza_sweep_interval_seconds')).toBe(3600);
  });

  test('what the upkeep did, when it last ended, and how often it is to run', () => {
    expect(valueOf(worker, 'veza_upkeep_rows_total', { phase: 'tokens', outcome: 'done' })).toBe(1);
    const ageSeconds = Date.now() / 1000 - valueOf(api, 'veza_upkeep_last_success_timestamp_seconds')!;
    expect(ageSeconds).toBeGreaterThanOrEqual(0);
    expect(ageSeconds).toBeLessThan(120);
    for (const process of [api, worker]) expect(valueOf(process, 'veza_upkeep_interval_seconds')).toBe(3600);
  });

  test('the engine answers, and somebody polls both task queues', () => {
    expect(valueOf(api, 'veza_engine_up')).toBe(1);
    expect(valueOf(api, 'veza_database_up')).toBe(1);
    for (const queue of Object.values(taskQueuesOf(world.config))) {
      expect(valueOf(api, 'veza_task_queue_pollers', { task_queue: queue })).toBe(1);
    }
  });
});

describe('the files of deploy/', () => {
  const shown = (selector: Selector) =>
    [...api, ...worker].filter(
      ({ name, labels }) =>
        name === selector.metric && selector.labels.every((label) => labels[label] !== undefined),
    );

  test.each(['alerts', 'dashboard'] as const)(
    'each metric of the %s is shown by a live process, with the labels it is asked for',
    async (which) => {
      const queries = which === 'alerts' ? await readAlerts() : await readDashboard();
      expect(queries.length).toBeGreaterThan(15);
      const unknown = queries.flatMap(({ name, expr }) =>
        selectorsOf(expr)
          .filter((selector) => shown(selector).length === 0)
          .map(({ metric, labels }) => `${name}: ${metric}{${labels.join(',')}}`),
      );
      expect(unknown).toEqual([]);
    },
  );

  test('kinds and states that alerts name are ones that we show', async () => {
    const named = (await readAlerts()).flatMap(({ expr }) =>
      selectorsOf(expr).flatMap(({ metric, equal }) =>
        Object.entries(equal)
          .filter(([label]) => label === 'kind' || label === 'state')
          .map(([label, value]) => ({ metric, label, value })),
      ),
    );
    expect(named.length).toBeGreaterThan(3);
    const shownOf = (metric: string, label: string) =>
      api.filter(({ name }) => name === metric).map(({ labels }) => labels[label]);
    const known = named.filter(({ metric }) => metric !== 'veza_permanently_failed_rows');
    for (const { metric, label, value } of known) expect(shownOf(metric, label)).toContain(value);
  });
});

test('each alert has its section in the runbook and its test for promtool', async () => {
  const runbook = await readFile(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
  const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  const tests = await readAlertTests();
  for (const { name, runbook: link } of await readAlerts()) {
    const [file, anchor] = link.split('#');
    expect(file, name).toBe('docs/runbook.md');
    expect(anchors, name).toContain(anchor);
    expect(tests, name).toContain(`alertname: ${name}`);
  }
});

test('docs/observability.md lists the metrics of ours that a process shows, and no other', async () => {
  const text = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(veza_\w+)`/gm)].map(([, name]) => name!);
  const exposed = await (await fetch(world.metricsUrls.worker!)).text();
  const shown = [...exposed.matchAll(/^# TYPE (veza_\w+) /gm)].map(([, name]) => name!);
  expect(listed.toSorted()).toEqual(shown.toSorted());
});

describe('the port', () => {
  test('is off unless set', async () => {
    const { METRICS_PORT: _, ...env } = world.env;
    const server = await startServer(readConfig(env));
    expect(server.metricsUrl).toBeNull();
    await server.close();
  });

  test('serves /metrics and nothing else, on loopback', async () => {
    const url = world.metricsUrls.api!;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${world.apiUrl}/metrics`)).status).toBe(404);
  });

  test('that is taken ends no process: it serves without metrics, and warns', async () => {
    const taker = createServer().listen(0, '127.0.0.1');
    await once(taker, 'listening');
    const { port } = taker.address() as AddressInfo;
    const server = await startServer(readConfig({ ...world.env, METRICS_PORT: String(port) }));
    expect(server.metricsUrl).toBeNull();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await server.close();
    taker.close();
  });
});

test('without a database its figures are gone, not old', async () => {
  const server = await startServer(
    readConfig({ ...world.env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }),
  );
  const samples = await scrape(server.metricsUrl!);
  expect(valueOf(samples, 'veza_database_up')).toBe(0);
  expect(valueOf(samples, 'veza_stuck_rows')).toBeUndefined();
  expect(valueOf(samples, 'veza_sweep_last_success_timestamp_seconds')).toBeUndefined();
  expect(valueOf(samples, 'veza_upkeep_last_success_timestamp_seconds')).toBeUndefined();
  await server.close();
});
