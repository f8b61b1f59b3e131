import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockHeld, takeLock, type Lock } from './lock.ts';
import { stablePort } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { consoleProgress, type Progress } from './progress.ts';
import { stopWithProcess } from './shutdown.ts';
import { startTemporal } from './temporal.ts';
import { findTemporalBinary } from './temporal-binary.ts';

export { startNode, type NodeProcess, type NodeProcessOptions } from './processes.ts';
export { freePort, stablePort } from './ports.ts';
export { shutDown, stopWithProcess } from './shutdown.ts';
export { consoleProgress, silent, type Progress } from './progress.ts';

export interface ServicesOptions {
  /** Where the services keep their state, usually `.veza` in the project. */
  dir: string;
  /** DATABASE_URL and TEMPORAL_ADDRESS name servers that run already; none is started in their place. */
  env?: NodeJS.ProcessEnv;
  progress?: Progress;
  /** Made if it is missing. */
  database?: string;
  /** Begins without the state of earlier runs. */
  fresh?: boolean;
}

export interface Services {
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  temporalUiUrl?: string;
  /** The folder in use: another than `dir` when a stack runs there already. */
  stateDir: string;
  /** A file in this stack's folder, for the ports of what the caller starts itself. */
  portsFile: string;
  stop(): Promise<void>;
}

/** PostgreSQL and Temporal, embedded or as the environment names them, ready for use. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { env = process.env, progress = consoleProgress(), database = 'veza' } = options;
  const startedMs = Date.now();
  const { stateDir, lock } = claimFolder(resolve(options.dir), progress);
  const forgetLock = stopWithProcess(async () => lock.release());
  if (options.fresh) forgetState(stateDir);

  const parts = await Promise.allSettled([
    postgresPart(stateDir, env, database, progress),
    temporalPart(stateDir, env, progress),
  ]);
  const stop = async () => {
    const started = parts.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : []));
    await Promise.all(started.map((part) => part.stop()));
    lock.release();
    forgetLock();
  };
  const [postgresResult, temporalResult] = parts;
  if (postgresResult.status === 'rejected' || temporalResult.status === 'rejected') {
    await stop();
    throw joined(parts);
  }
  const forget = stopWithProcess(stop);
  progress.say(`PostgreSQL and Temporal are ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return {
    databaseUrl: postgresResult.value.databaseUrl,
    ...temporalResult.value.described,
    stateDir,
    portsFile: join(stateDir, 'stack.json'),
    stop: async () => {
      forget();
      await stop();
    },
  };
}

async function postgresPart(dir: string, env: NodeJS.ProcessEnv, database: string, progress: Progress) {
  if (env['DATABASE_URL']) return { databaseUrl: env['DATABASE_URL'], stop: async () => {} };
  const server = await startPostgres({
    dataDir: join(dir, 'postgres'),
    port: await stablePort(join(dir, 'stack.json'), 'postgres'),
    logFile: join(dir, 'log', 'postgres.log'),
    progress,
  });
  return { databaseUrl: await server.createDatabase(database), stop: server.stop };
}

async function temporalPart(dir: string, env: NodeJS.ProcessEnv, progress: Progress) {
  const namespace = env['TEMPORAL_NAMESPACE'] || 'default';
  const address = env['TEMPORAL_ADDRESS'];
  if (address) {
    return { described: { temporalAddress: address, temporalNamespace: namespace }, stop: async () => {} };
  }
  const ports = join(dir, 'stack.json');
  const server = await startTemporal({
    binary: await findTemporalBinary({ env, progress }),
    dbFile: join(dir, 'temporal.db'),
    port: await stablePort(ports, 'temporal'),
    uiPort: await stablePort(ports, 'temporalUi'),
    logFile: join(dir, 'log', 'temporal.log'),
    namespace,
  });
  return {
    described: {
      temporalAddress: server.address,
      temporalNamespace: namespace,
      ...(server.uiUrl !== undefined && { temporalUiUrl: server.uiUrl }),
    },
    stop: server.stop,
  };
}

const MOST_STACKS = 9;

/** A second stack beside a running one keeps its state in a folder of its own. */
function claimFolder(dir: string, progress: Progress): { stateDir: string; lock: Lock } {
  for (let number = 1; number <= MOST_STACKS; number++) {
    const stateDir = number === 1 ? dir : join(dir, String(number));
    try {
      return { stateDir, lock: takeLock(join(stateDir, 'stack.lock')) };
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      progress.say(
        `A stack runs on ${stateDir} already (process ${error.ownerPid}): starting another beside it`,
      );
    }
  }
  throw new Error(`${MOST_STACKS} stacks run on ${dir} already`);
}

function forgetState(stateDir: string): void {
  for (const name of ['postgres', 'postgres.password', 'temporal.db', 'temporal.db-wal', 'temporal.db-shm']) {
    rmSync(join(stateDir, name), { recursive: true, force: true });
  }
}

function joined(parts: PromiseSettledResult<unknown>[]): Error {
  const reasons = parts.flatMap((part) => (part.status === 'rejected' ? [part.reason as unknown] : []));
  return new Error(
    reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join('\n\n'),
    {
      cause: reasons[0],
    },
  );
}
