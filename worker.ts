import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  DefaultLogger,
  MetricsBuffer,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { receiptOf } from './api/subscriptions/receipt.ts';
import { type Settings, settingsOf } from './activities/deps.ts';
import { createActivities } from './activities/index.ts';
import { queuedCallsPerSecond } from './activities/marketplace/index.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { mailerSettingsOf } from './config/accounts.ts';
import { oauthSettingsOf } from './config/oauth.ts';
import { tracesUrlOf } from './config/observe.ts';
import { storageWarning, storeSettingsOf } from './config/storage.ts';
import { type Db, openDatabase } from './db/client.ts';
import { createPurchases } from './db/purchases.ts';
import { tellStripeMode } from './db/webhooks/index.ts';
import { personalKeysOf } from './domain/kernel/index.ts';
import { connectionOptions, createClient } from './engine/connect.ts';
import { dataConverter } from './engine/converter.ts';
import { createEngine } from './engine/index.ts';
import { taskQueuesOf } from './engine/task-queues.ts';
import { failuresOf, loadWorkflowBundle } from './engine/workflow-bundle.ts';
import { createSweepInbox } from './inbox/redrive.ts';
import { createLogger, type Logger } from './log.ts';
import { stuckAfterOf } from './observe/figures.ts';
import { createObserver } from './observe/index.ts';
import { openTracing } from './observe/spans.ts';
import { createHyperswitch } from './providers/hyperswitch/client.ts';
import { createOauthClients } from './providers/oauth/index.ts';
import { createFileStore } from './providers/store/index.ts';
import { createStripe } from './providers/stripe/client.ts';
import { createMailer } from './providers/smtp/mailer.ts';
import { modeOfKey, type StripeMode } from './providers/stripe/mode.ts';

/** A stopping worker gives its work this long to finish: longer than one attempt at a provider. */
export const SHUTDOWN_GRACE = '30s';
/**
 * Then it ends, even where Temporal is gone and cannot be told: before the sender of SIGTERM kills it (45 s in the
 * composition).
 */
const SHUTDOWN_MAX_MS = 40_000;
const CONNECT_RETRY_MS = 1_000;
/**
 * Cached workflows for each task queue, some 0.4 MiB each (`npm run bench -- --only sweep`): active ones stay cached,
 * sleeping ones are replayed.
 */
const MAX_CACHED_WORKFLOWS = 1_000;
/** Subscriptions sleep for a month: few are at work at a time, and a history that is replayed is short. */
const MAX_CACHED_SUBSCRIPTIONS = 100;
/** Mails are sent at once, or sleep. */
const MAX_CACHED_MAILS = 100;
/** As many connections as a mail server takes of one sender. */
const MAILS_AT_A_TIME = 10;
/**
 * The engine keeps a workflow's next task for the worker that had the last one, which has it cached, and learns only
 * by this that the worker is dead. The SDK's own is ten seconds. A worker that is too busy for a task in this time
 * replays it: with 200 refunds at a time that was 14 of 716 tasks, and 12 of 754 with ten seconds.
 */
const KEPT_FOR_LAST_WORKER = '1s';
/**
 * Measurements of the SDK between two drains, a second apart. More than these are dropped, with an error in the log.
 */
const SDK_METRICS_BUFFERED = 100_000;

export interface RunningWorker {
  /** Resolves when it has stopped, rejects when it failed. */
  readonly done: Promise<void>;
  /** Where `/metrics` is; null where it is not served. */
  readonly metricsUrl: string | null;
  /** Finishes the work in flight, then closes what was opened. */
  close(): Promise<void>;
}

/** Wires a worker process together: its task queues, until it is closed. */
export async function startWorker(
  config: Config,
  overrides: {
    readonly log?: Logger;
    readonly workflowBundle?: WorkflowBundleOption;
    readonly settings?: Partial<Settings>;
    /** The buffer of the installed runtime; see `installRuntime`. */
    readonly sdkMetrics?: MetricsBuffer | undefined;
  } = {},
): Promise<RunningWorker> {
  const log = overrides.log ?? createLogger(config.LOG_LEVEL);
  const workflowBundle = overrides.workflowBundle ?? (await loadWorkflowBundle(failuresOf(config)));
  const connection = await connectTemporal(config, log);
  const loadTracing = () => import('./observe/tracing.ts');
  const observer = createObserver({
    tracing: await openTracing(tracesUrlOf(config), 'veza-worker', loadTracing),
    sdk: overrides.sdkMetrics,
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const database = openDatabase(config.DATABASE_URL, {
    maxConnections: config.DATABASE_CONNECTIONS_MAX,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT,
    observer: observer.statements,
    personalKeys: personalKeysOf(config),
  });
  const namespace = config.TEMPORAL_NAMESPACE;
  const queues = taskQueuesOf(config);
  const settings = { ...settingsOf(config), ...overrides.settings };
  const client = createClient(connection, config, { interceptors: { workflow: [observer.engineCalls] } });
  const engine = createEngine(client, queues);
  const mailer = createMailer(mailerSettingsOf(config));
  const warning = storageWarning(config);
  if (warning !== null) log.warn(warning);
  const store = createFileStore(storeSettingsOf(config));
  const activities = createActivities({
    mailer,
    oauth: createOauthClients(oauthSettingsOf(config)),
    store,
    attachmentsOf: async ({ kind, params }) => {
      const receipt = kind === 'invoice_receipt' ? await receiptOf(database.db, params.invoice_id) : null;
      return receipt === null ? [] : [receipt];
    },
    purchases: createPurchases(config),
    db: database.db,
    engine,
    inbox: createSweepInbox({ db: database.db, engine, log }),
    psp: observer.provider(
      'hyperswitch',
      createHyperswitch({ baseUrl: config.HYPERSWITCH_BASE_URL, apiKey: config.HYPERSWITCH_API_KEY }),
    ),
    stripe: observer.provider(
      'stripe',
      createStripe({ secretKey: config.STRIPE_SECRET_KEY, apiBase: config.STRIPE_API_BASE }),
    ),
    settings,
    log,
    onLook: observer.looked,
    onUpkeep: observer.upkept,
  });
  const common = {
    connection,
    namespace,
    workflowBundle,
    dataConverter: dataConverter(config),
    ...deploymentOf(config),
    activities,
    interceptors: { activity: [observer.activities] },
    sinks: observer.sinks,
    maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
    stickyQueueScheduleToStartTimeout: KEPT_FOR_LAST_WORKER,
    shutdownGraceTime: SHUTDOWN_GRACE,
  };
  // An attempt at the PSP waits a second for its webhook, so many attempts are idle at a time.
  const workers = [
    await Worker.create({ ...common, taskQueue: queues.core, maxConcurrentActivityTaskExecutions: 500 }),
  ];
  if (settings.transfer.enabled || settings.reversal.enabled) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: queues.stripe,
        maxTaskQueueActivitiesPerSecond: queuedCallsPerSecond(config.STRIPE_MAX_RPS),
      }),
    );
  }
  if (config.SUBSCRIPTION_WORKER_ENABLED) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: queues.billing,
        maxCachedWorkflows: MAX_CACHED_SUBSCRIPTIONS,
        maxTaskQueueActivitiesPerSecond: config.SUBSCRIPTION_CHARGE_MAX_RPS,
      }),
    );
  }
  if (config.PEOPLE_WORKER_ENABLED) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: queues.people,
        maxCachedWorkflows: MAX_CACHED_MAILS,
        maxConcurrentActivityTaskExecutions: MAILS_AT_A_TIME,
      }),
    );
  }
  const isOver = new AbortController();
  const told = insistOnTellingMode(database.db, modeOfKey(config.STRIPE_SECRET_KEY), isOver.signal, log);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const done = running.then(
    () => undefined,
    (error: unknown) => {
      // If one worker fails, the other must not go on and serve half of the work.
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      throw error;
    },
  );
  const stuckAfterMs = stuckAfterOf(config);
  const every = { sweepEveryMs: config.RECONCILE_INTERVAL, upkeepEveryMs: config.UPKEEP_INTERVAL };
  const sources = { db: database.reads, client, taskQueues: queues, stuckAfterMs, ...every };
  await observer.serve({ host: config.HOST, port: config.METRICS_PORT }, sources, log);
  log.info({ queues }, 'worker polling');
  return {
    done,
    get metricsUrl() {
      return observer.metricsUrl;
    },
    close: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      try {
        await done;
      } finally {
        mailer.close();
        store.close();
        isOver.abort();
        await told;
        await observer.close();
        await database.close();
        await connection.close();
      }
      log.info('worker stopped');
    },
  };
}

/** Part of a worker deployment, if one is named: then Temporal hands out work by version. */
function deploymentOf({ TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_BUILD_ID: buildId }: Config) {
  if (deploymentName === undefined || buildId === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName, buildId },
      useWorkerVersioning: true,
      // Each workflow states its own behaviour (workflows/kernel/policies.ts).
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  } as const;
}

/**
 * Writes down the mode of Stripe's key, by which API processes, which have no key, check Stripe's events. Waits for a
 * database that is away.
 */
async function insistOnTellingMode(
  db: Db,
  mode: StripeMode | null,
  isOver: AbortSignal,
  log: Logger,
): Promise<void> {
  while (!isOver.aborted) {
    try {
      return await tellStripeMode(db, mode ?? 'unknown');
    } catch (error) {
      log.warn({ err: error }, "the mode of Stripe's key cannot be written down yet");
      await sleep(CONNECT_RETRY_MS, undefined, { signal: isOver }).catch(() => undefined);
    }
  }
}

/** A worker without its server can only wait for it. */
async function connectTemporal(config: Config, log: Logger): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect(connectionOptions(config));
    } catch (error) {
      log.warn({ err: error }, 'Temporal cannot be reached yet');
      await sleep(CONNECT_RETRY_MS);
    }
  }
}

/** Where the SDK puts its measurements, for a process that shows them. */
export function bufferSdkMetrics({ METRICS_PORT }: Config): MetricsBuffer | undefined {
  if (METRICS_PORT === undefined) return undefined;
  return new MetricsBuffer({ useSecondsForDurations: true, maxBufferSize: SDK_METRICS_BUFFERED });
}

/**
 * The SDK's native runtime, once a process: its log lines become ours, and signals are left to us. The webhook often
 * overtakes an attempt that waits for it (see activities/marketplace/refunds.ts), and the core would warn of that
 * each time.
 */
export function installRuntime(log: Logger, metrics?: MetricsBuffer): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: 'WARN,temporalio_sdk_core::worker::activities=ERROR' },
      ...(metrics && { metrics: { buffer: metrics, attachServiceName: false } }),
    },
  });
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  const sdkMetrics = bufferSdkMetrics(config);
  installRuntime(log, sdkMetrics);
  const worker = await startWorker(config, { log, sdkMetrics });
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info('worker stopping');
    setTimeout(() => process.exit(1), SHUTDOWN_MAX_MS).unref();
    worker.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'worker did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A child of the embedded stack has no services without its parent.
  process.on('disconnect', stop);
  process.send?.({ ready: true });
  await worker.done;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  });
}
