import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../cli/stage.ts';
import { startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import { freePort, type Progress, stopWithProcess } from '../../stack/index.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { makeScratch } from '../../stack/scratch.ts';
import type { Server } from '../../stack/servers.ts';
import { startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { startStripeSandbox } from '../../stand-ins/stripe/index.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { type ComposeService, readComposeFile, servicesOf } from './compose-file.ts';
import { startEngine } from './engine.ts';
import { programFolder } from './programs.ts';
import { newSecrets, NO_SECRETS } from './secrets.ts';
import { type Ground, runToEnd, start } from './services.ts';

// docker-compose.yml without Docker: the commands and variables are the file's own, PostgreSQL and Temporal's programs
// are those of its images' versions. Only addresses differ, since here every service shares one loopback.

const PROCESSES_EACH = 2;

export interface Composition extends Stage {
  readonly apis: readonly Server[];
  readonly workers: readonly Server[];
  /** How many requests each API process has answered. */
  readonly answered: Balancer['answered'];
  stop(): Promise<void>;
}

export async function startComposition(options: {
  readonly progress: Progress;
  /** Settings that an operator would put into `.env.veza`. */
  readonly env: Readonly<Record<string, string>>;
}): Promise<Composition> {
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0)) await close();
  };
  const forget = stopWithProcess(stop);
  try {
    const started = await startAll(options, (close) => void closers.unshift(close));
    return {
      ...started,
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

async function startAll(
  { progress, env }: Parameters<typeof startComposition>[0],
  atEnd: (close: () => Promise<void>) => void,
): Promise<Omit<Composition, 'stop'>> {
  const project = fileURLToPath(new URL('../../', import.meta.url));
  const scratch = await makeScratch();
  atEnd(async () => scratch.remove());
  const logs = join(project, '.veza', 'compose');
  rmSync(logs, { recursive: true, force: true });

  const balancerPort = await freePort();
  const webhooks = `http://127.0.0.1:${balancerPort}/api/v1/webhooks`;
  const secrets = newSecrets();
  const psp = await startHyperswitchSandbox({
    apiKey: secrets.HYPERSWITCH_API_KEY,
    webhookSecret: secrets.HYPERSWITCH_WEBHOOK_SECRET,
    webhookUrl: `${webhooks}/hyperswitch`,
  });
  atEnd(() => psp.close());
  const stripe = await startStripeSandbox({
    secretKey: secrets.STRIPE_SECRET_KEY,
    webhookSecret: secrets.STRIPE_WEBHOOK_SECRET,
    webhookUrl: `${webhooks}/stripe`,
  });
  atEnd(() => stripe.close());

  const smtp = await startSmtpSandbox();
  atEnd(() => smtp.close());

  const file = readComposeFile(join(project, 'docker-compose.yml'), {
    ...secrets,
    ...NO_SECRETS,
    HYPERSWITCH_BASE_URL: psp.url,
  });
  const service = servicesOf(file);
  const programs = await programFolder(join(scratch.dir, 'programs'), file, { env: process.env, progress });
  const ground: Ground = { project, programs, logs };

  progress.say('postgres: an empty data folder, then deploy/postgres/10-databases.sql');
  const postgres = await startPostgres({
    dataDir: join(scratch.dir, 'postgres'),
    logFile: join(logs, 'postgres.log'),
  });
  atEnd(() => postgres.stop());
  const { server: temporal, address } = await startEngine(service, postgres, ground, progress);
  atEnd(() => temporal.stop());
  const temporalAt = { TEMPORAL_ADDRESS: address };
  progress.say('temporal-ui');
  const { server: ui, url: temporalUiUrl } = await startTemporalUi(service('temporal-ui'), address, ground);
  atEnd(() => ui.stop());

  const ours = (port: number) => ({
    ...env,
    ...temporalAt,
    TEMPORAL_UI_URL: temporalUiUrl,
    DATABASE_URL: onLoopback(service('api').environment['DATABASE_URL'] ?? '', postgres.port),
    STRIPE_API_BASE: stripe.url,
    SMTP_HOST: smtp.host,
    SMTP_PORT: String(smtp.port),
    SMTP_TLS: 'none',
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: '0',
  });
  progress.say('setup: migrations, search attributes, the schedule of the sweep');
  await runToEnd('setup', service('setup'), ours(0), ground);

  progress.say(`api ×${PROCESSES_EACH}, worker ×${PROCESSES_EACH}`);
  const apiUrls: string[] = [];
  const apis: Server[] = [];
  const workers: Server[] = [];
  for (let number = 1; number <= PROCESSES_EACH; number++) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    apiUrls.push(url);
    apis.push(
      await start(`api-${number}`, service('api'), ours(port), ground, () => answers(`${url}/ready`)),
    );
    const name = `worker-${number}`;
    const isPolling = async () => readFileSync(join(logs, `${name}.log`), 'utf8').includes('worker polling');
    workers.push(await start(name, service('worker'), ours(0), ground, isPolling));
  }
  for (const process of [...workers, ...apis]) atEnd(() => process.stop());
  const balancer = await startBalancer(balancerPort, apiUrls);
  atEnd(() => balancer.close());
  return {
    apiUrl: balancer.url,
    temporalUiUrl,
    psp,
    stripe,
    smtp,
    env: { ...service('api').environment, ...ours(balancerPort) },
    apis,
    workers,
    answered: balancer.answered,
  };
}

/** Its image's configuration lets it listen everywhere, inside its container; here it must not. */
async function startTemporalUi(service: ComposeService, address: string, ground: Ground) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    temporalGrpcAddress: address,
    host: '127.0.0.1',
    port,
    enableUi: true,
    defaultNamespace: 'default',
    cors: { allowOrigins: [url], cookieInsecure: true },
  };
  writeFileSync(join(ground.programs, 'ui.yaml'), JSON.stringify(settings));
  const entrypoint = [
    'temporal-ui-server',
    '--root',
    ground.programs,
    '--config',
    '.',
    '--env',
    'ui',
    'start',
  ];
  const server = await start('temporal-ui', { ...service, entrypoint }, {}, ground, () => answers(url));
  return { server, url };
}

const onLoopback = (databaseUrl: string, port: number) =>
  databaseUrl.replace('@postgres:5432/', `@127.0.0.1:${port}/`);

const answers = (url: string) =>
  fetch(url).then(
    (answer) => answer.ok,
    () => false,
  );
