import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readVariables, VARIABLES } from '../../config.ts';
import { openDatabase } from '../../db/client.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { keepNamespaceId } from '../../ops/known-namespace.ts';
import {
  ensureDeletionsSchedule,
  ensureMailsSchedule,
  ensureRevenueSchedule,
  ensureSweepSchedule,
  ensureUpkeepSchedule,
} from '../../ops/schedules.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';
import { startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import {
  type NodeProcess,
  type Progress,
  stablePort,
  startNode,
  startServices,
  stopWithProcess,
} from '../../stack/index.ts';
import { type OauthSandbox, startOauthSandbox } from '../../stand-ins/oauth/index.ts';
import { PROVIDERS } from '../../stand-ins/oauth/people.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { startStripeSandbox } from '../../stand-ins/stripe/index.ts';
import { startMailsPage } from '../mails.ts';
import type { Stage } from './stage.ts';

/** Secrets of the embedded stack: nothing outside this machine accepts them. */
const LOCAL_SECRETS = {
  JWT_SECRET: 'only-for-the-embedded-stack-on-this-machine',
  TRIAL_HASH_KEY: 'only-for-trials-of-the-embedded-stack',
  // Its admins are nobody's.
  TWO_FACTOR_FOR_ADMINS: 'false',
  PERSONAL_DATA_KEYS: 'embedded:b2YtcGVyc29ucy1vZi10aGUtZW1iZWRkZWQtc3RhY2s=',
  HYPERSWITCH_API_KEY: 'snd_embedded',
  HYPERSWITCH_WEBHOOK_SECRET: 'embedded-hyperswitch-webhook-secret',
  STRIPE_SECRET_KEY: 'sk_test_embedded',
  STRIPE_WEBHOOK_SECRET: 'whsec_embedded',
};

/** By which every provider's stand-in knows us. */
const OAUTH_CLIENT = { clientId: 'embedded', clientSecret: 'embedded-oauth-client-secret' };

const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;

export interface VezaOptions {
  /**
   * The folder of a separate run: it keeps all state here and uses servers of its own, not those of the environment.
   * `.veza` by default.
   */
  readonly dir?: string;
  readonly progress: Progress;
  /** What the API and the worker print. */
  readonly onLine: (line: string) => void;
  /** Settings of this run; the environment's own override them. */
  readonly env?: Readonly<Record<string, string>>;
  /** In the place of the embedded stack's own, which production refuses. */
  readonly secrets?: Readonly<Partial<Record<keyof typeof LOCAL_SECRETS, string>>>;
  /** Whether the stand-in PSP's buyers pay at once, unasked. */
  readonly autoPay: boolean;
}

export interface Veza extends Stage {
  readonly oauth: OauthSandbox;
  /** Where the mails are shown that the stand-in for a mail server took. */
  readonly mailsUrl: string;
  readonly worker: Supervised;
  readonly api: Supervised;
  /** All that polls; it stays away until it is started again. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** The whole of Veza on embedded parts: PostgreSQL, Temporal, the providers' stand-ins, API and worker. */
export async function startVeza({ dir, progress, onLine, autoPay, ...options }: VezaOptions): Promise<Veza> {
  const project = fileURLToPath(new URL('../../', import.meta.url));
  const secrets = { ...LOCAL_SECRETS, ...options.secrets };
  const services = await startServices({
    dir: dir ?? join(project, '.veza'),
    progress,
    ...(dir !== undefined && { env: withoutServers(process.env) }),
  });
  const closers: (() => Promise<void>)[] = [() => services.stop()];
  const stop = async () => {
    for (const close of closers.splice(0)) await close();
  };
  const forget = stopWithProcess(stop);
  try {
    await setUp(services, { ...options.env, ...given(process.env) });

    const apiPort = await stablePort(services.portsFile, 'api');
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const psp = await startHyperswitchSandbox({
      port: await stablePort(services.portsFile, 'hyperswitch'),
      apiKey: secrets.HYPERSWITCH_API_KEY,
      webhookSecret: secrets.HYPERSWITCH_WEBHOOK_SECRET,
      webhookUrl: `${apiUrl}/api/v1/webhooks/hyperswitch`,
      stateFile: join(services.stateDir, 'hyperswitch.json'),
      autoPay,
    });
    closers.unshift(() => psp.close());
    const stripe = await startStripeSandbox({
      port: await stablePort(services.portsFile, 'stripe'),
      secretKey: secrets.STRIPE_SECRET_KEY,
      webhookSecret: secrets.STRIPE_WEBHOOK_SECRET,
      webhookUrl: `${apiUrl}/api/v1/webhooks/stripe`,
      stateFile: join(services.stateDir, 'stripe.json'),
    });
    closers.unshift(() => stripe.close());
    const smtp = await startSmtpSandbox({ port: await stablePort(services.portsFile, 'smtp') });
    closers.unshift(() => smtp.close());
    const oauth = await startOauthSandbox({
      port: await stablePort(services.portsFile, 'oauth'),
      ...OAUTH_CLIENT,
    });
    closers.unshift(() => oauth.close());
    const mailsPort = await stablePort(services.portsFile, 'mails');
    const mailsPage = await startMailsPage({ port: mailsPort, control: smtp.control });
    closers.unshift(() => mailsPage.close());

    const env = {
      LOG_LEVEL: 'info',
      ...options.env,
      ...given(process.env),
      // Last: a real key in somebody's environment must not meet a stand-in.
      ...secrets,
      DATABASE_URL: services.databaseUrl,
      TEMPORAL_ADDRESS: services.temporalAddress,
      TEMPORAL_NAMESPACE: services.temporalNamespace,
      ...(services.temporalUiUrl !== undefined && { TEMPORAL_UI_URL: services.temporalUiUrl }),
      HYPERSWITCH_BASE_URL: psp.url,
      STRIPE_API_BASE: stripe.url,
      ...variablesOf(smtp),
      ...variablesOfProviders(oauth),
      API_URL: apiUrl,
      HOST: '127.0.0.1',
      PORT: String(apiPort),
    };
    writeFileSync(join(services.stateDir, 'dev.env'), shellFile(env), { mode: 0o600 });
    const run = (name: string) =>
      new Supervised(() => startNode({ name, script: join(project, `${name}.ts`), env, onLine }), onLine);
    const worker = run('worker');
    const api = run('server');
    closers.unshift(() => worker.stop());
    closers.unshift(() => api.stop());
    await Promise.all([isReady(apiUrl), worker.ready]);
    return {
      apiUrl,
      temporalUiUrl: services.temporalUiUrl ?? null,
      psp,
      stripe,
      smtp,
      oauth,
      mailsUrl: mailsPage.url,
      env,
      worker,
      api,
      stopWorker: () => worker.stop(),
      startWorker: async () => {
        await worker.restart();
        await worker.ready;
      },
      stop: async () => {
        forget();
        await stop();
      },
    };
  } catch (error) {
    forget();
    await stop();
    throw error;
  }
}

/** A mail server of somebody's environment would send what is made up here to real people. */
const variablesOf = ({ host, port }: SmtpSandbox) => ({
  SMTP_HOST: host,
  SMTP_PORT: String(port),
  SMTP_TLS: 'none',
  SMTP_USER: '',
  SMTP_PASSWORD: '',
});

/** All that people may sign in by: a real application's secret of somebody's environment must not meet a stand-in. */
const variablesOfProviders = ({ url }: OauthSandbox) => ({
  ...Object.fromEntries(
    PROVIDERS.flatMap((provider) => {
      const prefix = `OAUTH_${provider.toUpperCase()}`;
      return [
        [`${prefix}_CLIENT_ID`, OAUTH_CLIENT.clientId],
        [`${prefix}_CLIENT_SECRET`, OAUTH_CLIENT.clientSecret],
      ];
    }),
  ),
  OAUTH_OIDC_ISSUER: `${url}/oidc`,
  OAUTH_STAND_IN_URL: url,
});

/** A process that is started again when it dies, as any process manager would. */
export class Supervised {
  readonly #start: () => NodeProcess;
  readonly #onLine: (line: string) => void;
  #process: NodeProcess;
  #stopping = false;

  constructor(start: () => NodeProcess, onLine: (line: string) => void) {
    this.#start = start;
    this.#onLine = onLine;
    this.#process = this.#watch(start());
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the current process says that it is ready. */
  get ready(): Promise<void> {
    return this.#process.ready;
  }

  /** SIGKILL, as when a machine loses power: nothing is finished. The process is started again. */
  kill(): void {
    process.kill(this.#process.pid, 'SIGKILL');
  }

  async restart(): Promise<void> {
    this.#stopping = true;
    await this.#process.stop();
    this.#stopping = false;
    this.#process = this.#watch(this.#start());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#process.stop();
  }

  #watch(started: NodeProcess): NodeProcess {
    const startedAtMs = Date.now();
    // Registered after the process's own stop, so called before it: an end on request is no crash.
    const forget = stopWithProcess(async () => {
      this.#stopping = true;
    });
    void started.exited.then(async (code) => {
      forget();
      if (this.#stopping || started !== this.#process) return;
      this.#onLine(`[${started.name}] ended (${code ?? 'killed'}) and is started again`);
      // A process that cannot start would otherwise spin.
      if (Date.now() - startedAtMs < 2_000) await sleep(1_000);
      if (!this.#stopping) this.#process = this.#watch(this.#start());
    });
    return started;
  }
}

/** As an operator would: `db:migrate`, then `temporal:setup`. */
export async function setUp(
  {
    databaseUrl,
    temporalAddress: address,
    temporalNamespace: namespace,
  }: Pick<Awaited<ReturnType<typeof startServices>>, 'databaseUrl' | 'temporalAddress' | 'temporalNamespace'>,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await migrateDatabase(databaseUrl);
  const settings = {
    ...readVariables(env, ['PAYLOAD_ENCRYPTION_KEYS', 'PAYLOAD_ENCRYPTION_KEY_ID']),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const connection = await connectNow(settings);
  const database = openDatabase(databaseUrl, { maxConnections: 1 });
  try {
    await setUpTemporal(connection, namespace);
    const config = readVariables(env, [
      'TEMPORAL_TASK_QUEUE',
      'TEMPORAL_BILLING_TASK_QUEUE',
      'TEMPORAL_PEOPLE_TASK_QUEUE',
      'RECONCILE_INTERVAL',
      'UPKEEP_INTERVAL',
      'BILLING_TIME_SCALE',
    ]);
    const client = createClient(connection, settings);
    await ensureRevenueSchedule(client, {
      taskQueue: config.TEMPORAL_BILLING_TASK_QUEUE,
      timeScale: config.BILLING_TIME_SCALE,
    });
    await ensureMailsSchedule(client, { taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE });
    await ensureDeletionsSchedule(client, { taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE });
    await ensureUpkeepSchedule(client, {
      taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE,
      everyMs: config.UPKEEP_INTERVAL,
    });
    await ensureSweepSchedule(client, {
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      everyMs: config.RECONCILE_INTERVAL,
      off: null,
    });
    await keepNamespaceId(database.db, connection, namespace);
  } finally {
    await database.close();
    await connection.close();
  }
}

const SERVERS = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'];
const withoutServers = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SERVERS.includes(name)));

/** Waits until an API answers that it is ready. */
export async function isReady(apiUrl: string): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${apiUrl}/ready`).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > deadlineMs)
      throw new Error(`the API at ${apiUrl} is not ready after ${READY_WITHIN_MS / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** For the operators' commands in another shell: `set -a; . .veza/dev.env`. */
const shellFile = (env: Readonly<Record<string, string>>) =>
  Object.keys(VARIABLES)
    .flatMap((name) => (env[name] === undefined ? [] : [`${name}='${env[name]}'\n`]))
    .join('');

const given = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
