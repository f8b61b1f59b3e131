import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Server, startServer } from '../../stack/servers.ts';
import type { ComposeService } from './compose-file.ts';

/** What Docker would give the services, and one machine has to give in another way. */
export interface Ground {
  /** Where the image's WORKDIR is. */
  readonly project: string;
  /** The programs of the images. */
  readonly programs: string;
  readonly logs: string;
}

/** `restart: on-failure:5` */
const TRIES = 5;
const TRY_AGAIN_AFTER_MS = 1_000;
const START_TIMEOUT_MS = 120_000;
const stopSteps = (waitMs: number) =>
  [
    { signal: 'SIGTERM', waitMs },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ] as const;

/** Runs a service that ends by itself, as often as Docker would. Throws when it fails for good. */
export async function runToEnd(
  name: string,
  service: ComposeService,
  env: Readonly<Record<string, string>>,
  ground: Ground,
): Promise<void> {
  const [program, ...args] = commandOf(service);
  let reason = '';
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      const { stdout, stderr } = await promisify(execFile)(program, args, {
        cwd: ground.project,
        env: environmentOf(service, env, ground),
      });
      log(ground, name, stdout + stderr);
      return;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      log(ground, name, `${reason}\n`);
    }
    await sleep(TRY_AGAIN_AFTER_MS);
  }
  throw new Error(`${name} failed ${TRIES} times: ${reason}`);
}

/** Starts a service that stays, and waits until it is ready. */
export async function start(
  name: string,
  service: ComposeService,
  env: Readonly<Record<string, string>>,
  ground: Ground,
  isReady: (environment: NodeJS.ProcessEnv) => Promise<boolean>,
): Promise<Server> {
  const [command, ...args] = commandOf(service);
  const environment = environmentOf(service, env, ground);
  return startServer({
    name,
    command,
    args,
    cwd: ground.project,
    env: environment,
    logFile: join(ground.logs, `${name}.log`),
    stopSteps: stopSteps(graceMs(service)),
    startTimeoutMs: START_TIMEOUT_MS,
    isReady: () => isReady(environment),
  });
}

/** Whether a command of this environment, such as a container's health check, ends well. */
export async function endsWell(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  return promisify(execFile)(program, args, { env }).then(
    () => true,
    () => false,
  );
}

function commandOf({ entrypoint = [], command = [] }: ComposeService): [string, ...string[]] {
  const [program, ...args] = [...entrypoint, ...command];
  if (program === undefined) throw new Error('the image alone says what it runs');
  return [program === 'node' ? process.execPath : program, ...args];
}

/** As in a container: of our own environment only the place of programs. */
function environmentOf(
  { environment }: ComposeService,
  env: Readonly<Record<string, string>>,
  { programs }: Ground,
): NodeJS.ProcessEnv {
  const path = [programs, dirname(process.execPath), process.env['PATH']].join(':');
  return { ...environment, ...env, PATH: path, HOME: programs };
}

/** Docker's default where the file names none. */
function graceMs({ stop_grace_period: period = '10s' }: ComposeService): number {
  const [, count, unit] = /^(\d+)(s|m)$/.exec(period) ?? [];
  if (count === undefined) throw new Error(`a duration such as 45s, not ${period}`);
  return Number(count) * (unit === 'm' ? 60_000 : 1_000);
}

function log({ logs }: Ground, name: string, text: string): void {
  mkdirSync(logs, { recursive: true });
  appendFileSync(join(logs, `${name}.log`), text);
}
