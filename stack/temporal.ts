import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { end } from './identity.ts';
import { takeLock, type Lock } from './lock.ts';
import { freePort, returnPort } from './ports.ts';
import type { Progress } from './progress.ts';
import { startServer } from './servers.ts';
import { findTemporalBinary } from './temporal-binary.ts';

export interface TemporalOptions {
  /** Keeps work in flight over a restart. Without it the server keeps everything in memory. */
  dbFile?: string;
  port?: number;
  /** `.veza/log/temporal.log` unless given. */
  logFile?: string;
  /** `false` starts no Web UI. */
  uiPort?: number | false;
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Found or fetched when it is not given. */
  binary?: string;
  namespace?: string;
  progress?: Progress;
}

export interface EmbeddedTemporal {
  address: string;
  namespace: string;
  uiUrl?: string;
  pid: number;
  stop(): Promise<void>;
}

const STOP_STEPS = [
  { signal: 'SIGTERM', waitMs: 15_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/**
 * The embedded server looks for work 20 times a second, and every hop waits for that. Measured with these: half the
 * latency.
 */
const FASTER_HOPS = ['history.transferProcessorMaxPollRPS=200', 'history.timerProcessorMaxPollRPS=200'];

const START_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;
const ATTEMPTS = 3;

export async function startTemporal(options: TemporalOptions = {}): Promise<EmbeddedTemporal> {
  const binary =
    options.binary ?? (await findTemporalBinary(options.progress ? { progress: options.progress } : {}));
  const logFile = resolve(options.logFile ?? '.veza/log/temporal.log');
  // A server without a database file is known by its log, since it too must be found after a crash.
  const lock = takeLock(`${options.dbFile === undefined ? logFile : resolve(options.dbFile)}.lock`);
  try {
    if (lock.orphan) await end(lock.orphan, STOP_STEPS);
    for (let attempt = 1; ; attempt++) {
      try {
        return await startOnce(binary, { ...options, logFile }, lock);
      } catch (error) {
        // A port may be taken by someone else between our look and the server's.
        if (attempt === ATTEMPTS || !/address already in use|can't set .* port/i.test(String(error)))
          throw error;
      }
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startOnce(
  binary: string,
  options: TemporalOptions & { logFile: string },
  lock: Lock,
): Promise<EmbeddedTemporal> {
  const namespace = options.namespace ?? 'default';
  const port = await freePort(options.port);
  const uiPort = options.uiPort === false ? undefined : await freePort(options.uiPort);
  const address = `127.0.0.1:${port}`;
  const returnPorts = () => [port, uiPort].forEach((taken) => taken !== undefined && returnPort(taken));
  if (options.dbFile) mkdirSync(dirname(resolve(options.dbFile)), { recursive: true });

  try {
    const server = await startServer({
      name: "Temporal's dev server",
      command: binary,
      args: [
        'server',
        'start-dev',
        '--ip=127.0.0.1',
        `--port=${port}`,
        `--log-level=${options.logLevel ?? 'warn'}`,
        '--color=never',
        ...(namespace === 'default' ? [] : [`--namespace=${namespace}`]),
        ...(uiPort === undefined ? ['--headless'] : ['--ui-ip=127.0.0.1', `--ui-port=${uiPort}`]),
        ...(options.dbFile ? [`--db-filename=${resolve(options.dbFile)}`] : []),
        ...FASTER_HOPS.map((value) => `--dynamic-config-value=${value}`),
      ],
      env: withoutTemporalSettings(process.env),
      logFile: options.logFile,
      stopSteps: STOP_STEPS,
      startTimeoutMs: START_TIMEOUT_MS,
      isReady: () => isReady(port, namespace),
      started: lock.record,
    });
    return {
      address,
      namespace,
      pid: server.pid,
      ...(uiPort !== undefined && { uiUrl: `http://127.0.0.1:${uiPort}` }),
      stop: async () => {
        await server.stop();
        returnPorts();
        lock.release();
      },
    };
  } catch (error) {
    returnPorts();
    throw error;
  }
}

async function isReady(port: number, namespace: string): Promise<boolean> {
  // gRPC waits a second after a refused connection: it is asked only once someone listens.
  if (!(await isListening(port))) return false;
  let connection: Connection | undefined;
  try {
    const made = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: PROBE_TIMEOUT_MS });
    connection = made;
    await made.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () =>
      made.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (listening: boolean) => {
      socket.destroy();
      settle(listening);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** The CLI reads the client's variables too; ours point at the server that we are about to start. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
