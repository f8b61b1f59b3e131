import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { eq } from 'drizzle-orm';
import { expect, inject, vi } from 'vitest';
import { type Config, readConfig } from '../../config.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { isOfOrder, refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import { personalKeysOf } from '../../domain/kernel/index.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { createEngine } from '../../engine/index.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';
import type { Engine } from '../../engine/port/index.ts';
import { failuresOf } from '../../engine/workflow-bundle.ts';
import { createLogger } from '../../log.ts';
import { makeToken, tokenOf } from '../../ops/sign-token.ts';
import { type HyperswitchSandbox, startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { startStripeSandbox, type StripeSandbox } from '../../stand-ins/stripe/index.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import { type PostgresMeter, startPostgresMeter } from '../../stack/postgres-meter.ts';
import type { Answer, BodyOf, Method } from './answers.ts';
import { Contract } from './contract.ts';
import { LOADS_SOURCES } from './processes.ts';
import { LOG_LEVEL } from './runtime.ts';
import { createDatabaseFromTemplate, temporalAddress, uniqueName } from './services.ts';

export interface Person {
  readonly id: string;
  readonly role: Role;
  readonly token: string;
}

const STARTED_WITHIN_MS = 60_000;
/** However far a test moves the database's clock: a hundred lives of the model are centuries. */
const TOKEN_TTL_MS = 2_000 * 365 * 24 * 60 * 60 * 1000;

type Env = Readonly<Record<string, string>>;

/** Suites of money alone: no plan is charged there, and no mail is sent. */
const OF_MONEY = /\/test\/(marketplace|payouts|settlements)\//;
/** A task queue costs its worker a copy of the workflows' code, which is more than half of what a world costs. */
const SERVES_MONEY_ALONE = { SUBSCRIPTION_WORKER_ENABLED: 'false', PEOPLE_WORKER_ENABLED: 'false' };

/** The same for every world of a process. */
let contract: Contract | undefined;

const SECRETS = {
  JWT_SECRET: 'a-secret-of-the-tests-that-is-long-enough',
  TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
  PERSONAL_DATA_KEYS: 'tests:YS1rZXktb2YtcGVyc29ucy1vZi10aGUtdGVzdHMtMDA=',
  HYPERSWITCH_API_KEY: 'snd_test_key',
  HYPERSWITCH_WEBHOOK_SECRET: 'hyperswitch-webhook-secret',
  STRIPE_SECRET_KEY: 'sk_test_key',
  STRIPE_WEBHOOK_SECRET: 'whsec_test_secret',
};

/**
 * A suite's own Veza: a database of its own on the run's PostgreSQL, task queues of its own on the run's Temporal, both
 * providers' sandboxes, a mail server, the API and a worker. Nothing in it is a mock.
 */
export class World {
  readonly meter: PostgresMeter | null;
  readonly psp: HyperswitchSandbox;
  readonly stripe: StripeSandbox;
  readonly smtp: SmtpSandbox;
  readonly database: DatabaseWithSql;
  readonly temporal: Client;
  readonly engine: Engine;
  readonly env: Env;
  #api: RunningServer;
  readonly #moveTo: (apiUrl: string) => void;
  #worker: RunningWorker | null = null;
  /** In the order in which they were started. */
  readonly #children: ChildProcess[] = [];
  #childMetricsUrl: string | null = null;
  #otherApiUrl: string | null = null;
  readonly #closers: (() => Promise<void>)[];

  private constructor(parts: {
    meter: PostgresMeter | null;
    psp: HyperswitchSandbox;
    stripe: StripeSandbox;
    smtp: SmtpSandbox;
    database: DatabaseWithSql;
    temporal: Client;
    engine: Engine;
    env: Env;
    api: RunningServer;
    moveTo: (apiUrl: string) => void;
    closers: (() => Promise<void>)[];
  }) {
    this.meter = parts.meter;
    this.psp = parts.psp;
    this.stripe = parts.stripe;
    this.smtp = parts.smtp;
    this.database = parts.database;
    this.temporal = parts.temporal;
    this.engine = parts.engine;
    this.env = parts.env;
    this.#api = parts.api;
    this.#moveTo = parts.moveTo;
    this.#closers = parts.closers;
  }

  /**
   * `env` overrides any variable of the configuration; `worker: false` leaves the world without one. `prepare` is done to
   * the database before anything opens it.
   */
  static async create({
    env = {},
    worker = true,
    metered = false,
    prepare = async () => undefined,
  }: {
    env?: Env;
    worker?: boolean;
    metered?: boolean;
    prepare?: (databaseUrl: string) => Promise<void>;
  } = {}): Promise<World> {
    const closers: (() => Promise<void>)[] = [];
    const testDatabase = await createDatabaseFromTemplate();
    closers.unshift(() => testDatabase.drop());
    await prepare(testDatabase.url);
    const meter = metered ? await startPostgresMeter(testDatabase.url) : null;
    if (meter) closers.unshift(() => meter.close());
    let apiUrl = '';
    const webhookUrl = (provider: string) => () => `${apiUrl}/api/v1/webhooks/${provider}`;
    const psp = await startHyperswitchSandbox({
      apiKey: SECRETS.HYPERSWITCH_API_KEY,
      webhookSecret: SECRETS.HYPERSWITCH_WEBHOOK_SECRET,
      webhookUrl: webhookUrl('hyperswitch'),
      retryScaleMs: 200,
    });
    closers.unshift(() => psp.close());
    const stripe = await startStripeSandbox({
      secretKey: SECRETS.STRIPE_SECRET_KEY,
      webhookSecret: SECRETS.STRIPE_WEBHOOK_SECRET,
      webhookUrl: webhookUrl('stripe'),
      retryScaleMs: 200,
    });
    closers.unshift(() => stripe.close());
    const smtp = await startSmtpSandbox();
    closers.unshift(() => smtp.close());
    const queue = uniqueName('veza');
    const fullEnv = {
      ...SECRETS,
      DATABASE_URL: meter?.url ?? testDatabase.url,
      TEMPORAL_ADDRESS: temporalAddress(),
      STORAGE_URL: `file:${inject('scratchDir')}/${queue}-files`,
      TEMPORAL_TASK_QUEUE: queue,
      TEMPORAL_STRIPE_TASK_QUEUE: `${queue}-stripe`,
      TEMPORAL_BILLING_TASK_QUEUE: `${queue}-billing`,
      TEMPORAL_PEOPLE_TASK_QUEUE: `${queue}-people`,
      PORT: '0',
      // Suites poll as one person; who tests the limit sets it.
      RATE_LIMIT_BEARER: '1000000',
      RATE_LIMIT_ANONYMOUS: '1000000',
      RATE_LIMIT_AUTH: '1000000',
      LOG_LEVEL,
      HYPERSWITCH_BASE_URL: psp.url,
      STRIPE_API_BASE: stripe.url,
      SMTP_HOST: smtp.host,
      SMTP_PORT: String(smtp.port),
      SMTP_TLS: 'none',
      SMTP_TIMEOUT: '2s',
      APP_URL: 'https://shop.example',
      // A suite has few buyers, who leave many orders as they are.
      OPEN_ORDERS_MAX: '1000',
      // On a machine that runs many suites calls are slow, and a suite asks for many at once.
      ENGINE_WAIT_MAX: '20s',
      STRIPE_READ_LAG: '100ms',
      PSP_RETRY_BASE: '50ms',
      PSP_RETRY_MAX: '400ms',
      MAIL_RETRY_BASE: '50ms',
      MAIL_RETRY_MAX: '400ms',
      TRANSFER_RETRY_INTERVAL: '200ms',
      TRANSFER_RETRY_BACKOFF_BASE: '50ms',
      TRANSFER_RETRY_BACKOFF_MAX: '400ms',
      REVERSAL_CHECK_INTERVAL: '200ms',
      REVERSAL_BACKOFF_BASE: '50ms',
      REVERSAL_BACKOFF_MAX: '400ms',
      ...(OF_MONEY.test(expect.getState().testPath ?? '') && SERVES_MONEY_ALONE),
      ...env,
    };
    const config = readConfig(fullEnv);
    const log = createLogger(config.LOG_LEVEL);
    const api = await startServer(config, { log });
    closers.unshift(() => api.close());
    apiUrl = api.url;
    contract ??= await Contract.at(apiUrl);
    const connection = await connectNow(config);
    closers.unshift(() => connection.close());
    const temporal = createClient(connection, config);
    const engine = createEngine(temporal, taskQueuesOf(config));
    const database = openWithSql(testDatabase.url, {
      maxConnections: 5,
      personalKeys: personalKeysOf(config),
    });
    closers.unshift(() => database.close());
    const world = new World({
      ...{ meter, psp, stripe, smtp, database, temporal, engine, env: fullEnv, api, closers },
      moveTo: (url) => void (apiUrl = url),
    });
    if (worker) await world.startWorker();
    return world;
  }

  get config(): Config {
    return readConfig(this.env);
  }

  get apiUrl(): string {
    return this.#otherApiUrl ?? this.#api.url;
  }

  /** From now on calls and webhooks go to an API that the test started itself. */
  serveFrom(apiUrl: string): void {
    this.#otherApiUrl = apiUrl;
    this.#moveTo(apiUrl);
  }

  /** Where the API and the worker's process show their metrics; null where METRICS_PORT is not set. */
  get metricsUrls(): { readonly api: string | null; readonly worker: string | null } {
    return { api: this.#api.metricsUrl, worker: this.#childMetricsUrl };
  }

  /** A worker in this process. */
  async startWorker(env: Env = {}): Promise<void> {
    const config = readConfig({ ...this.env, ...env });
    this.#worker = await startWorker(config, {
      log: createLogger(config.LOG_LEVEL),
      workflowBundle: { codePath: this.#bundlePath(env) },
    });
  }

  #bundlePath(env: Env): string {
    return inject('workflowBundlePaths')[failuresOf(readConfig({ ...this.env, ...env }))];
  }

  async stopWorker(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.close();
  }

  /**
   * A worker in a process of its own, which can be killed. Resolves when it polls. Several of them work side by side, so that
   * the next one gets ready before one is killed.
   */
  async startWorkerProcess(env: Env = {}): Promise<void> {
    const child = fork(fileURLToPath(new URL('./worker-process.ts', import.meta.url)), {
      execArgv: [...LOADS_SOURCES],
      env: { ...process.env, ...this.env, ...env, WORKFLOW_BUNDLE_PATH: this.#bundlePath(env) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#children.push(child);
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) =>
        Promise.reject(new Error(`the worker process ended with ${code}`)),
      ),
    ]);
    const { ready, metricsUrl = null } = message as { ready?: boolean; metricsUrl?: string | null };
    if (ready !== true) throw new Error('the worker process said something else');
    this.#childMetricsUrl = metricsUrl;
  }

  /** SIGKILL of the one that was started first: nothing is finished, nothing is handed back. */
  async killWorkerProcess(): Promise<void> {
    const child = this.#children.shift();
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    while (this.#children.length > 0) await this.killWorkerProcess();
    await this.stopWorker();
    for (const close of this.#closers) await close();
  }

  token(userId: string, role: Role): Promise<string> {
    return makeToken(this.database.db, this.#signing(), { userId, role }, TOKEN_TTL_MS);
  }

  /** A token of ours of somebody, and of a session, whom no row knows. */
  strangersToken(userId: string): Promise<string> {
    return tokenOf(this.#signing(), { userId, role: 'artist', sessionId: randomUUID() }, TOKEN_TTL_MS);
  }

  #signing() {
    const { JWT_SECRET: signer, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = this.config;
    if (signer === undefined) throw new Error('a world signs its tokens');
    return { identity: 'own', signer, issuer, audience } as const;
  }

  /** One call to the API over HTTP. What a test sends may be what has to be refused; what comes back is typed by the route. */
  async call<M extends Method, const Path extends string>(
    person: Person | null,
    method: M,
    path: Path,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<BodyOf<M, Path>>> {
    const response = await fetch(`${this.apiUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(person && { authorization: `Bearer ${person.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as BodyOf<M, Path>,
    };
    this.#assertDocumented(method, `/api/v1${path}`, answer);
    return answer;
  }

  /** Every answer that a suite is given is one that the OpenAPI document allows. */
  #assertDocumented(method: string, path: string, { status, headers, body }: Answer<unknown>): void {
    const contentType = headers.get('content-type') ?? '';
    const faults = contract?.faultsOf({ method, path, status, contentType, body }) ?? [];
    if (faults.length === 0) return;
    throw new Error(`${method} ${path} is answered as /openapi.json does not say: ${faults.join('; ')}`);
  }

  get = <const Path extends string>(person: Person | null, path: Path) => this.call(person, 'GET', path);
  post = <const Path extends string>(
    person: Person | null,
    path: Path,
    body?: unknown,
    headers?: Record<string, string>,
  ) => this.call(person, 'POST', path, body, headers);

  /**
   * Waits for a workflow's start, which follows the commit of its row, and for its end. If it fails, the test fails. A
   * reversal whose row says that it was done within its refund's workflow has none: then the row gives the result.
   */
  async finished(workflowId: string): Promise<unknown> {
    const handle = this.temporal.workflow.getHandle(workflowId);
    const [kind, id = ''] = workflowId.split('/');
    const withoutOne = await vi.waitFor(
      () =>
        handle.describe().then(
          () => null,
          (error: unknown) =>
            kind === 'reversal' && error instanceof WorkflowNotFoundError
              ? this.#doneWithinRefund(id)
              : Promise.reject(error),
        ),
      { timeout: STARTED_WITHIN_MS, interval: 20 },
    );
    return withoutOne ?? handle.result();
  }

  async #doneWithinRefund(reversalId: string): Promise<{ readonly status: string }> {
    const { db } = this.database;
    const [row] = await db.select().from(transferReversals).where(eq(transferReversals.id, reversalId));
    if (row?.doneWithinRefund !== true) throw new Error(`reversal ${reversalId} has no workflow`);
    return { status: row.status };
  }

  // What the rows say.
  order = async (id: string) => one(await this.database.db.select().from(orders).where(eq(orders.id, id)));
  /** A refund of an order. */
  refund = async (id: string) => {
    const rows = await this.database.db.select().from(refunds).where(eq(refunds.id, id));
    return one(rows.filter(isOfOrder));
  };
  transfersOf = (orderId: string) =>
    this.database.db
      .select()
      .from(sellerTransfers)
      .where(eq(sellerTransfers.orderId, orderId))
      .orderBy(sellerTransfers.id);
  reversalsOf = (refundId: string) =>
    this.database.db
      .select()
      .from(transferReversals)
      .where(eq(transferReversals.refundId, refundId))
      .orderBy(transferReversals.id);
}

function one<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('there is no such row');
  return row;
}
