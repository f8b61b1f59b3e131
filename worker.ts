import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Settings } from './activities/deps.ts';
import { createActivities } from './activities/index.ts';
import { DIRECT_SHARE } from './activities/reversals.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { openDatabase } from './db/client.ts';
import { connectionOptions, createClient } from './engine/connect.ts';
import { createEngine } from './engine/index.ts';
import { createSweepInbox } from './inbox/redrive.ts';
import { createLogger, type Logger } from './log.ts';
import { createHyperswitch } from './providers/hyperswitch/client.ts';
import { createStripe } from './providers/stripe/client.ts';

/** What is in flight when a worker is told to stop has this long: longer than one attempt at a provider. */
const SHUTDOWN_GRACE = '30s';
const CONNECT_RETRY_MS = 1_000;
const PSP_WAITING_AFTER_MS = 60_000;
/** Each cached workflow costs memory; a worker of this size keeps the ones that move, and replays the sleepers. */
const MAX_CACHED_WORKFLOWS = 1_000;

export interface RunningWorker {
  /** Resolves when it has stopped, rejects when it failed. */
  readonly done: Promise<void>;
  /** Finishes what is in flight, then closes what was opened. */
  close(): Promise<void>;
}

/** Built once by `npm run build`; in development the bundle is made on the spot. */
export async function loadWorkflowBundle(): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (existsSync(built)) return { codePath: built };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`./workflows/index.${extension}`, import.meta.url)),
  });
}

/** Wires a worker process together: both task queues, until it is closed. */
export async function startWorker(
  config: Config,
  overrides: {
    readonly log?: Logger;
    readonly workflowBundle?: WorkflowBundleOption;
    readonly settings?: Partial<Settings>;
  } = {},
): Promise<RunningWorker> {
  const log = overrides.log ?? createLogger(config.LOG_LEVEL);
  const workflowBundle = overrides.workflowBundle ?? (await loadWorkflowBundle());
  const connection = await connectTemporal(config, log);
  const database = openDatabase(config.DATABASE_URL);
  const namespace = config.TEMPORAL_NAMESPACE;
  const queues = { core: config.TEMPORAL_TASK_QUEUE, stripe: config.TEMPORAL_STRIPE_TASK_QUEUE };
  const settings = { ...settingsOf(config), ...overrides.settings };
  const engine = createEngine(createClient(connection, config), queues);
  const activities = createActivities({
    db: database.db,
    engine,
    inbox: createSweepInbox({ db: database.db, engine, log }),
    psp: createHyperswitch({ baseUrl: config.HYPERSWITCH_BASE_URL, apiKey: config.HYPERSWITCH_API_KEY }),
    stripe: createStripe({ secretKey: config.STRIPE_SECRET_KEY, apiBase: config.STRIPE_API_BASE }),
    settings,
    log,
  });
  const common = {
    connection,
    namespace,
    workflowBundle,
    activities,
    maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
    shutdownGraceTime: SHUTDOWN_GRACE,
  };
  // An attempt at the PSP lingers a second for its webhook, so many of them are idle at a time.
  const workers = [
    await Worker.create({ ...common, taskQueue: queues.core, maxConcurrentActivityTaskExecutions: 500 }),
  ];
  if (settings.transfer.enabled || settings.reversal.enabled) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: queues.stripe,
        maxTaskQueueActivitiesPerSecond: Math.max(config.STRIPE_MAX_RPS * (1 - DIRECT_SHARE), 1),
      }),
    );
  }
  const running = Promise.all(workers.map((worker) => worker.run()));
  const done = running.then(
    () => undefined,
    (error: unknown) => {
      // One worker that failed must not leave the other serving half of the work.
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      throw error;
    },
  );
  log.info({ queues }, 'worker polling');
  return {
    done,
    close: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      try {
        await done;
      } finally {
        await database.close();
        await connection.close();
      }
      log.info('worker stopped');
    },
  };
}

export function settingsOf(config: Config): Settings {
  return {
    psp: { baseMs: config.PSP_RETRY_BASE, maxMs: config.PSP_RETRY_MAX },
    pspWaitingAfterMs: PSP_WAITING_AFTER_MS,
    transfer: {
      enabled: config.TRANSFER_RETRY_WORKER_ENABLED,
      maxRetries: config.TRANSFER_RETRY_MAX_RETRIES,
      intervalMs: config.TRANSFER_RETRY_INTERVAL,
      baseMs: config.TRANSFER_RETRY_BACKOFF_BASE,
      maxMs: config.TRANSFER_RETRY_BACKOFF_MAX,
    },
    reversal: {
      enabled: config.REVERSAL_WORKER_ENABLED,
      maxRetries: config.REVERSAL_MAX_RETRIES,
      intervalMs: config.REVERSAL_CHECK_INTERVAL,
      baseMs: config.REVERSAL_BACKOFF_BASE,
      maxMs: config.REVERSAL_BACKOFF_MAX,
    },
    platformFeeBps: config.PLATFORM_FEE_BPS,
    refundFeePolicy: config.REFUND_FEE_POLICY,
    refundWindowDays: config.REFUND_WINDOW_DAYS,
    orderPaymentTimeoutMs: config.ORDER_PAYMENT_TIMEOUT,
    stripeMaxRps: config.STRIPE_MAX_RPS,
    payoutMinimumMinor: config.PAYOUT_MINIMUM_MINOR,
    reconcile: {
      off: config.RECONCILE_WORKER_ENABLED ? null : 'RECONCILE_WORKER_ENABLED is false',
      orderStuckAfterMs: config.RECONCILE_ORDER_STUCK_AFTER,
      refundStuckAfterMs: config.RECONCILE_REFUND_STUCK_AFTER,
      refundOrphanAfterMs: config.RECONCILE_REFUND_ORPHAN_AFTER,
      batch: config.RECONCILE_BATCH,
      concurrency: config.RECONCILE_CONCURRENCY,
    },
  };
}

/** A worker without its server has nothing to do but wait for it. */
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

/**
 * The SDK's native runtime, once a process: its log lines become ours, and signals are left to us. An attempt that
 * lingers for its webhook is often overtaken by it (see activities/refunds.ts), which the core would warn of each time.
 */
export function installRuntime(log: Logger): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: 'WARN,temporalio_sdk_core::worker::activities=ERROR' },
    },
  });
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  installRuntime(log);
  const worker = await startWorker(config, { log });
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    worker.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The embedded stack's child: without its parent it has no services.
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
