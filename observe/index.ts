import type { Client, WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory, InjectedSinks, MetricsBuffer } from '@temporalio/worker';
import type { Logger } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import type { ApiObserver } from '../api/context.ts';
import type { Db } from '../db/client.ts';
import type { StuckAfterMs } from '../db/operators/index.ts';
import type { StatementObserver } from '../db/connections/observer.ts';
import { SIGN_IN_FAILURES } from '../domain/accounts/index.ts';
import type { Look, Phase } from '../domain/reconcile/index.ts';
import type { UpkeepLook, UpkeepPhase } from '../domain/upkeep/index.ts';
import type { RunSinks } from '../workflows/origin.ts';
import { observeActivities, runSinks } from './activities.ts';
import { observeEngineCalls } from './engine-calls.ts';
import { createEngineGauges } from './engine-figures.ts';
import { createFigureGauges } from './figures.ts';
import { createMetrics } from './metrics.ts';
import { type MetricsServer, serveMetrics } from './metrics-server.ts';
import { observeCalls } from './provider-calls.ts';
import { observeRequests } from './requests.ts';
import { createSdkMetrics, DRAIN_EVERY_MS } from './sdk-metrics.ts';
import { NO_TRACING, type Tracing } from './spans.ts';
import { observeStatements } from './statements.ts';

/** However many scrape, figures are read this often at most, and take a twentieth of one connection's time at most. */
const FIGURES_EVERY_MS = 15_000;
const FIGURES_SHARE = 0.05;

/** What the figures are read from. */
export interface FigureSources {
  readonly db: Db;
  readonly client: Client;
  readonly taskQueues: { readonly core: string; readonly stripe: string; readonly billing: string };
  readonly stuckAfterMs: StuckAfterMs;
  readonly sweepEveryMs: number;
  readonly upkeepEveryMs: number;
}

/** All that observes a process. A composition root makes one and hands its parts down; nothing else knows it. */
export interface Observer {
  readonly api: ApiObserver;
  readonly statements: StatementObserver;
  readonly engineCalls: WorkflowClientInterceptor;
  readonly activities: ActivityInterceptorsFactory;
  readonly sinks: InjectedSinks<RunSinks>;
  provider<Calls extends object>(name: 'hyperswitch' | 'stripe', client: Calls): Calls;
  looked(phase: Phase, what: Look['what']): void;
  upkept(phase: UpkeepPhase, what: UpkeepLook['what']): void;
  /** Counts bodies of webhooks that were deleted because their time in the inbox was over. */
  /** Serves `/metrics`, where a port is given. */
  serve(at: { host: string; port: number | undefined }, sources: FigureSources, log: Logger): Promise<void>;
  /** Where `/metrics` is; null where it is not served. */
  readonly metricsUrl: string | null;
  close(): Promise<void>;
}

export function createObserver({
  tracing = NO_TRACING,
  sdk,
  connectionsMax,
}: {
  readonly tracing?: Tracing;
  readonly sdk?: MetricsBuffer | undefined;
  readonly connectionsMax: number;
}): Observer {
  const metrics = createMetrics();
  metrics.connectionsMax.set(connectionsMax);
  let server: MetricsServer | null = null;
  let draining: NodeJS.Timeout | undefined;

  // From zero, so that the first refusal is a growth.
  for (const call of ['refund', 'order', 'subscription']) metrics.refusedAsBusy.inc({ call }, 0);
  for (const result of SIGN_IN_FAILURES) metrics.signInFailures.inc({ result }, 0);
  return {
    api: {
      request: observeRequests(metrics, tracing),
      busy: (call, atATime) => {
        metrics.refusedAsBusy.inc({ call });
        metrics.begunAtATime.set({ call }, atATime);
      },
      webhook: (provider, outcome) => metrics.webhooks.inc({ provider, outcome }),
      signInFailed: (result) => metrics.signInFailures.inc({ result }),
    },
    statements: observeStatements(metrics, tracing),
    engineCalls: observeEngineCalls(metrics, tracing),
    activities: observeActivities(metrics, tracing),
    sinks: runSinks(tracing),
    provider: (name, client) => observeCalls(name, client, metrics, tracing),
    looked: (phase, outcome) => metrics.sweepRows.inc({ phase, outcome }),
    upkept: (phase, outcome) => metrics.upkeepRows.inc({ phase, outcome }),

    async serve({ host, port }, sources, log) {
      if (port === undefined) return;
      const { registry } = metrics;
      collectDefaultMetrics({ register: registry });
      const readFigures = createFigureReader(registry, sources);
      const sdkMetrics = sdk && createSdkMetrics(registry, sdk);
      if (sdkMetrics) draining = setInterval(() => sdkMetrics.drain(), DRAIN_EVERY_MS).unref();
      const refresh = async () => {
        sdkMetrics?.drain();
        await readFigures();
      };
      server = await serveMetrics({ host, port }, registry, refresh, log);
    },
    get metricsUrl() {
      return server?.url ?? null;
    },
    async close() {
      clearInterval(draining);
      await server?.close();
      await tracing.close();
    },
  };
}

/**
 * Reads no more often than allowed. Scrapes that come in between get the last figures, or wait for the reading under
 * way.
 */
function createFigureReader(
  registry: ReturnType<typeof createMetrics>['registry'],
  { db, client, taskQueues, stuckAfterMs, ...every }: FigureSources,
): () => Promise<void> {
  const rows = createFigureGauges(registry, every);
  const engine = createEngineGauges(registry);
  let reading: Promise<void> | null = null;
  let nextAtMs = 0;

  async function read(): Promise<void> {
    const startedMs = performance.now();
    await Promise.all([rows.read(db, stuckAfterMs), engine.read(client, taskQueues)]);
    const endedMs = performance.now();
    nextAtMs = endedMs + Math.max(FIGURES_EVERY_MS, (endedMs - startedMs) / FIGURES_SHARE);
    reading = null;
  }
  return async () => {
    if (reading === null && performance.now() >= nextAtMs) reading = read();
    await reading;
  };
}
