import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { commandLineOf, end, identityOf } from './identity.ts';
import { takeLock } from './lock.ts';
import { freePort, returnPort } from './ports.ts';
import type { Progress } from './progress.ts';
import { findPostgresBinaries, userForPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { confine, findSetpriv, startServer, type RunAs, type Server } from './servers.ts';

export interface PostgresOptions {
  /** The cluster's folder, made on the first start. */
  dataDir: string;
  /** The wanted port; another one is taken when it is not free. */
  port?: number;
  /** `off` gives up crash safety for speed: only for data that may be lost. */
  durability?: 'on' | 'off';
  /** `<dataDir>.log` unless given. */
  logFile?: string;
  progress?: Progress;
}

export interface EmbeddedPostgres {
  /** postgres://…/postgres */
  url: string;
  port: number;
  pid: number;
  databaseUrl(name: string): string;
  /** Made if it is missing, optionally as a copy of another to which no one is connected. */
  createDatabase(name: string, options?: { template?: string }): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

const SUPERUSER = 'postgres';

/** INT is PostgreSQL's fast shutdown, QUIT its immediate one: both leave a cluster that starts again. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 20_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

const WITHOUT_DURABILITY = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** Recovery after a crash can take a while on a slow disk. */
const START_TIMEOUT_MS = 60_000;

/** Backends of a postmaster that was killed notice within seconds, and hold its shared memory until then. */
const ORPHANS_END_WITHIN_MS = 15_000;

export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const binaries = findPostgresBinaries();
  const lock = takeLock(`${dataDir}.lock`);
  try {
    if (lock.orphan) await end(lock.orphan, STOP_STEPS);
    await clearStalePidFile(dataDir);
    const runAs = userForPostgres(dataDir, binaries);
    if (runAs?.passClosedFolders && !findSetpriv()) {
      throw new Error(
        `PostgreSQL cannot run as root, and other users cannot reach ${dataDir} or ${binaries.folder}: run as an ordinary user, move the project out of that folder, or set DATABASE_URL`,
      );
    }
    const durability = options.durability ?? 'on';
    if (!existsSync(dataDir))
      options.progress?.say(`First run: creating PostgreSQL's data folder ${dataDir}`);
    const password = await createCluster(dataDir, binaries, runAs, durability);
    const { server, port } = await startCluster(
      { ...options, dataDir, durability },
      binaries,
      runAs,
      lock.record,
    );
    return describe(server, port, password, lock.release);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function describe(server: Server, port: number, password: string, release: () => void): EmbeddedPostgres {
  const databaseUrl = (name: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${name}`;
  const url = databaseUrl('postgres');
  return {
    url,
    port,
    pid: server.pid,
    databaseUrl,
    createDatabase: async (name, { template } = {}) => {
      await createDatabase(url, name, template);
      return databaseUrl(name);
    },
    dropDatabase: (name) => dropDatabase(url, name),
    stop: async () => {
      await server.stop();
      returnPort(port);
      release();
    },
  };
}

/** Copies `template` when one is named. A database that exists already is left as it is. */
export async function createDatabase(url: string, name: string, template?: string): Promise<void> {
  await withServer(url, async (sql) => {
    const source = template === undefined ? sql`` : sql`template ${sql(template)}`;
    try {
      await sql`create database ${sql(name)} ${source}`;
    } catch (error) {
      if (!(error instanceof postgres.PostgresError && error.code === DUPLICATE_DATABASE)) throw error;
    }
  });
}

/** Also ends the sessions that still use it. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withServer(url, async (sql) => {
    await sql`drop database if exists ${sql(name)} with (force)`;
  });
}

const DUPLICATE_DATABASE = '42P04';

async function withServer<T>(url: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end();
  }
}

/** A pid file from a crash blocks the start if its number now belongs to someone else. */
async function clearStalePidFile(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const identity = identityOf(Number(readFileSync(file, 'utf8').split('\n')[0]));
  // Without a process the file stays: PostgreSQL finds leftover backends through it.
  if (!identity) return;
  if (commandLineOf(identity.pid).includes(`-D ${dataDir}`)) await end(identity, STOP_STEPS);
  else rmSync(file);
}

/** Makes the cluster on the first start, and returns its superuser's password. */
async function createCluster(
  dataDir: string,
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  durability: 'on' | 'off',
): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  if (existsSync(dataDir)) return readFileSync(passwordFile, 'utf8').trim();

  // Made in a folder aside and renamed, so that a killed first start leaves nothing that looks like a cluster.
  const draft = join(dirname(dataDir), `.${basename(dataDir)}.new`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  chmodSync(passwordFile, 0o600);
  if (runAs) for (const path of [draft, passwordFile]) chownSync(path, runAs.uid, runAs.gid);

  const args = [
    `--pgdata=${draft}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The built-in locale sorts and folds alike on every machine.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durability === 'off' ? ['--no-sync'] : []),
  ];
  await runInitdb(binaries.initdb, args, runAs);
  renameSync(draft, dataDir);
  return password;
}

async function startCluster(
  options: PostgresOptions & { durability: 'on' | 'off' },
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  record: (pid: number) => void,
): Promise<{ server: Server; port: number }> {
  const { dataDir, durability } = options;
  const giveUpAtMs = Date.now() + ORPHANS_END_WITHIN_MS;
  for (;;) {
    const port = await freePort(options.port);
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      'unix_socket_directories=',
      'max_connections=200',
      'timezone=UTC',
      'log_timezone=UTC',
      'log_checkpoints=off',
      ...(durability === 'off' ? WITHOUT_DURABILITY : []),
    ];
    try {
      const server = await startServer({
        name: 'PostgreSQL',
        command: binaries.postgres,
        args: ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])],
        logFile: options.logFile ?? `${dataDir}.log`,
        ...(runAs && { runAs }),
        stopSteps: STOP_STEPS,
        startTimeoutMs: START_TIMEOUT_MS,
        isReady: async (pid) => isReady(dataDir, pid),
        started: record,
      });
      return { server, port };
    } catch (error) {
      returnPort(port);
      if (!isPassing(error) || Date.now() > giveUpAtMs) throw error;
      await sleep(250);
    }
  }
}

/** The postmaster writes its state into the last line of its pid file, which is what pg_ctl waits for too. */
function isReady(dataDir: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * Whether the error will pass: backends of a killed postmaster are still ending, or somebody took the port in
 * between.
 */
function isPassing(error: unknown): boolean {
  return /pre-existing shared memory block|"postmaster.pid" already exists|Address already in use/.test(
    String(error),
  );
}

async function runInitdb(initdb: string, args: string[], runAs: RunAs | undefined): Promise<void> {
  const [command, commandArgs] = confine({ command: initdb, args, runAs, parentDeathSignal: 'SIGTERM' });
  const ids = runAs && command === initdb ? { uid: runAs.uid, gid: runAs.gid } : {};
  try {
    await promisify(execFile)(command, commandArgs, ids);
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr ?? String(error);
    throw new Error(`PostgreSQL's initdb failed: ${reason}`, { cause: error });
  }
}
