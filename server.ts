import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './api/app.ts';
import { callerOfBearer, callerOfConsole } from './api/middleware/authenticate.ts';
import { keyFor } from './api/middleware/keys.ts';
import { createAdmission, type FeedLimits, RefundFeed } from './api/marketplace/index.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { mailerSettingsOf } from './config/accounts.ts';
import { oauthSettingsOf } from './config/oauth.ts';
import { tracesUrlOf } from './config/observe.ts';
import { storageWarning, storeSettingsOf } from './config/storage.ts';
import { PasswordHasher } from './db/accounts/index.ts';
import { openDatabase } from './db/client.ts';
import { identityOf } from './domain/accounts/index.ts';
import { personalKeysOf } from './domain/kernel/index.ts';
import { connectLazily, createClient } from './engine/connect.ts';
import { createEngine } from './engine/index.ts';
import { taskQueuesOf } from './engine/task-queues.ts';
import { createLogger, type Logger } from './log.ts';
import { stuckAfterOf } from './observe/figures.ts';
import { createObserver } from './observe/index.ts';
import { openTracing } from './observe/spans.ts';
import { operationsSettings } from './operations/deps.ts';
import { createConsole } from './ops/console/index.ts';
import { createOauthClients } from './providers/oauth/index.ts';
import { createFileStore } from './providers/store/index.ts';
import { createMailer } from './providers/smtp/mailer.ts';
import { createBreachCheck } from './providers/breached-passwords/index.ts';
import { type BodyLimits, RequestBodies } from './request-bodies.ts';
import { createClientFinder } from './trusted-proxies.ts';

/** Requests that take longer are cut off. */
export const SHUTDOWN_MAX_MS = 10_000;
const IDLE_CHECK_MS = 50;

export interface RunningServer {
  readonly url: string;
  /** Where `/metrics` is; null where it is not served. */
  readonly metricsUrl: string | null;
  readonly log: Logger;
  /** How many streams of events are open now. */
  readonly openStreams: number;
  /** How much of requests' bodies is held now. */
  readonly heldBodyBytes: number;
  /** How many refunds wait for their turn now. */
  readonly waitingRefunds: number;
  /** Stops accepting, finishes the requests in flight, closes what was opened; 10 s at most. */
  close(): Promise<void>;
}

/** Wires the API process together and listens. `PORT` 0 takes a free port. */
export async function startServer(
  config: Config,
  overrides: {
    readonly log?: Logger;
    readonly now?: () => Date;
    readonly streams?: Partial<FeedLimits>;
    readonly bodies?: Partial<BodyLimits>;
  } = {},
): Promise<RunningServer> {
  const log = overrides.log ?? createLogger(config.LOG_LEVEL);
  const loadTracing = () => import('./observe/tracing.ts');
  const observer = createObserver({
    tracing: await openTracing(tracesUrlOf(config), 'veza-api', loadTracing),
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const database = openDatabase(config.DATABASE_URL, {
    maxConnections: config.DATABASE_CONNECTIONS_MAX,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT,
    observer: observer.statements,
    personalKeys: personalKeysOf(config),
  });
  const connection = connectLazily(config);
  const client = createClient(connection, config, { interceptors: { workflow: [observer.engineCalls] } });
  const taskQueues = taskQueuesOf(config);
  const engine = createEngine(client, taskQueues);
  const refundEvents = new RefundFeed({ db: database.reads, log, now: overrides.now }, overrides.streams);
  const bodies = new RequestBodies(overrides.bodies);
  const admission = createAdmission(config);
  const mailer = createMailer(mailerSettingsOf(config));
  const warning = storageWarning(config);
  if (warning !== null) log.warn(warning);
  const store = createFileStore(storeSettingsOf(config));
  const passwords = new PasswordHasher({ atATime: config.AUTH_HASH_CONCURRENCY });
  const app = createApp({
    db: database.db,
    reads: database.reads,
    engine,
    config,
    log,
    refundEvents,
    bodies,
    admission,
    mailer,
    store,
    passwords,
    ...(config.PASSWORD_BREACH_CHECK === 'range' && {
      isBreached: createBreachCheck(config.PASSWORD_BREACH_URL),
    }),
    oauth: createOauthClients(oauthSettingsOf(config)),
    observer: observer.api,
    ...(overrides.now && { now: overrides.now }),
  });
  const now = overrides.now ?? (() => new Date());
  const operators = createConsole({
    db: database.db,
    reads: database.reads,
    engine,
    log,
    settings: operationsSettings(config),
    callerOf: (token) => callerOfBearer(token, { db: database.db, config }, now()),
    callerOfConsole: (secret) => callerOfConsole(secret, { db: database.db }),
    identity: identityOf(config),
    passwords,
    limitsKey: keyFor(config, 'limits'),
    callsPerMinute: { anonymous: config.RATE_LIMIT_ANONYMOUS, auth: config.RATE_LIMIT_AUTH },
    signInFailed: observer.api.signInFailed,
    needsSecondFactor: config.TWO_FACTOR_FOR_ADMINS,
    findClient: createClientFinder(config.TRUSTED_PROXIES),
    bodies,
    temporalUi: { url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE },
    sweepIntervalMs: config.RECONCILE_INTERVAL,
    now,
  });
  const server = createAdaptorServer({ fetch: app.route('/ops', operators).fetch });
  const closeParts = () => {
    mailer.close();
    store.close();
    return Promise.all([observer.close(), database.close(), connection.close()]);
  };
  try {
    server.listen(config.PORT, config.HOST);
    await once(server, 'listening');
    const stuckAfterMs = stuckAfterOf(config);
    const every = { sweepEveryMs: config.RECONCILE_INTERVAL, upkeepEveryMs: config.UPKEEP_INTERVAL };
    const sources = { db: database.reads, client, taskQueues, stuckAfterMs, ...every };
    await observer.serve({ host: config.HOST, port: config.METRICS_PORT }, sources, log);
  } catch (error) {
    await closeParts();
    throw error;
  }
  const url = urlOf(server.address());
  log.info({ url }, 'API listening');
  return {
    url,
    get metricsUrl() {
      return observer.metricsUrl;
    },
    log,
    get openStreams() {
      return refundEvents.size;
    },
    get heldBodyBytes() {
      return bodies.heldBytes;
    },
    get waitingRefunds() {
      return admission.refund.waiting;
    },
    close: async () => {
      // A stream would keep its connection, and this process, open for as long as its refund.
      await Promise.all([refundEvents.close(), drain(server)]);
      await closeParts();
      log.info('API stopped');
    },
  };
}

type HttpServer = ReturnType<typeof createAdaptorServer>;

async function drain(server: HttpServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A kept-alive connection becomes idle only when its request is answered.
  const idle = setInterval(
    () => 'closeIdleConnections' in server && server.closeIdleConnections(),
    IDLE_CHECK_MS,
  );
  const limit = setTimeout(
    () => 'closeAllConnections' in server && server.closeAllConnections(),
    SHUTDOWN_MAX_MS,
  );
  await closed;
  clearInterval(idle);
  clearTimeout(limit);
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  let server: RunningServer | undefined;
  let stopping = false;
  const stop = () => {
    // Asked a second time, or before it serves, it ends at once.
    if (stopping || server === undefined) process.exit(stopping ? 1 : 0);
    stopping = true;
    const { log } = server;
    log.info('API stopping');
    setTimeout(() => process.exit(1), SHUTDOWN_MAX_MS).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'API did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // `send` means that another process of ours started this one: it ends with that process, even if that is gone
  // already.
  if (process.send) {
    process.once('disconnect', stop);
    if (!process.connected) stop();
  }
  server = await startServer(config);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    const lines =
      error instanceof ConfigError ? error.problems : [String(error instanceof Error ? error.stack : error)];
    for (const line of lines) process.stderr.write(`${line}\n`);
    process.exit(1);
  });
}
