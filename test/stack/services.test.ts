import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identityOf } from '../../stack/identity.ts';
import { startServices, type Services } from '../../stack/index.ts';
import { startNode } from '../../stack/processes.ts';
import { silent } from '../../stack/progress.ts';
import { makeScratch, type Scratch } from '../../stack/scratch.ts';

// Several real servers a test, on two cores that other suites use too.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let scratch: Scratch;
let running: Services[];

beforeEach(async () => {
  scratch = await makeScratch();
  running = [];
});
afterEach(async () => {
  for (const services of running) await services.stop();
  scratch.remove();
});

test('a lock without its folder, of a process that was killed in between, stops nobody', async () => {
  const lock = `${scratch.dir}-left.lock`;
  const owner = { pid: 2 ** 22 + 1, startedAt: 'long ago' };
  writeFileSync(lock, JSON.stringify({ owner }));
  (await makeScratch()).remove();
  expect(existsSync(lock)).toBe(false);
});

/** Without what a developer's shell may point at servers of their own. */
const {
  DATABASE_URL: _database,
  TEMPORAL_ADDRESS: _address,
  TEMPORAL_NAMESPACE: _namespace,
  ...env
} = process.env;

async function start(options: Partial<Parameters<typeof startServices>[0]> = {}): Promise<Services> {
  const services = await startServices({
    dir: join(scratch.dir, '.veza'),
    env,
    progress: silent,
    ...options,
  });
  running.push(services);
  return services;
}

test('a restart finds its state at the same addresses', async () => {
  const first = await start();
  await query(first.databaseUrl, 'create table t (n int)');
  await first.stop();
  const second = await start();
  expect(addressesOf(second)).toEqual(addressesOf(first));
  await query(second.databaseUrl, 'select n from t');
  await second.stop();

  const fresh = await start({ fresh: true });
  await expect(query(fresh.databaseUrl, 'select n from t')).rejects.toThrow(/does not exist/);
  expect(readdirSync(join(scratch.dir, '.veza', 'log')).toSorted()).toEqual(['postgres.log', 'temporal.log']);
});

test('a second stack runs beside the first, with a state of its own', async () => {
  const first = await start();
  const second = await start();
  expect(second.stateDir).toBe(join(first.stateDir, '2'));
  expect(second.databaseUrl).not.toBe(first.databaseUrl);
  expect(second.temporalAddress).not.toBe(first.temporalAddress);
});

test('servers that the environment names are used, and none is started', async () => {
  const own = {
    DATABASE_URL: 'postgres://elsewhere/db',
    TEMPORAL_ADDRESS: 'elsewhere:7233',
    TEMPORAL_NAMESPACE: 'ours',
  };
  const services = await start({ env: own });
  expect(services).toMatchObject({
    databaseUrl: own.DATABASE_URL,
    temporalAddress: own.TEMPORAL_ADDRESS,
    temporalNamespace: own.TEMPORAL_NAMESPACE,
  });
  expect(services.temporalUiUrl).toBeUndefined();
  expect(existsSync(join(services.stateDir, 'postgres'))).toBe(false);
});

test('a process of the stack prints under its name and is stopped on demand', async () => {
  const script = join(scratch.dir, 'child.mts');
  writeFileSync(
    script,
    `const word: string = process.argv[2]!; console.log(word); setInterval(() => {}, 1000);`,
  );
  const lines: string[] = [];
  const child = startNode({ name: 'api', script, args: ['hello'], onLine: (line) => void lines.push(line) });
  await until(() => lines.length > 0);
  expect(lines).toEqual(['[api] hello']);
  expect(child.isRunning()).toBe(true);
  await child.stop();
  expect(child.isRunning()).toBe(false);
});

test.each(['SIGINT', 'SIGKILL'] as const)('nothing outlives a stack that gets %s', async (signal) => {
  const script = join(scratch.dir, 'child.mts');
  writeFileSync(script, `console.log(process.pid); setInterval(() => {}, 1000);`);
  const stack = spawn(
    process.execPath,
    ['--import', 'tsx', '-e', STACK(join(scratch.dir, '.veza'), script)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    },
  );
  const [line] = (await once(createInterface(stack.stdout), 'line')) as [string];
  const child = Number(line.replace('[child] ', ''));
  expect(identityOf(child)).toBeDefined();

  stack.kill(signal);
  const [code] = (await once(stack, 'exit')) as [number | null];
  if (signal === 'SIGINT') expect(code).toBe(130);
  await until(() => identityOf(child) === undefined);
  const again = await start();
  expect(again.stateDir).toBe(join(scratch.dir, '.veza'));
  await query(again.databaseUrl, 'select 1');
});

const addressesOf = ({ databaseUrl, temporalAddress, temporalUiUrl }: Services) => ({
  databaseUrl,
  temporalAddress,
  temporalUiUrl,
});

async function query(url: string, text: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  try {
    await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 20) {
    if (waitedMs > 20_000) throw new Error('waited 20 s in vain');
    await sleep(20);
  }
}

const STACK = (dir: string, script: string) => `
  import('${new URL('../../stack/index.ts', import.meta.url).href}').then(async (stack) => {
    await stack.startServices({ dir: ${JSON.stringify(dir)}, progress: stack.silent });
    stack.startNode({ name: 'child', script: ${JSON.stringify(script)} });
  });`;
