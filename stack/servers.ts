import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, identityOf } from './identity.ts';

/** The user a server runs as when we are root, which PostgreSQL refuses to be. */
export interface RunAs {
  uid: number;
  gid: number;
  /** Folders on the way are closed to that user (a project under /root): let it pass. */
  passClosedFolders: boolean;
}

export interface ServerOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  logFile: string;
  runAs?: RunAs;
  /** From gentle to final. The server also gets the first one when this process is killed. */
  stopSteps: readonly { signal: NodeJS.Signals; waitMs: number }[];
  startTimeoutMs: number;
  isReady(pid: number): Promise<boolean>;
  started?(pid: number): void;
}

export interface Server {
  pid: number;
  stop(): Promise<void>;
}

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const LOG_TAIL_LINES = 25;

/** Starts a server that is not ours, waits until it is ready, and ties its life to this process. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const logFrom = rotate(options.logFile);
  const log = openSync(options.logFile, 'a');
  const [gentle] = options.stopSteps;
  const [command, args] = confine({ ...options, parentDeathSignal: gentle?.signal ?? 'SIGTERM' });

  const child = spawn(command, args, {
    env: options.env ?? process.env,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdio: ['ignore', log, log],
    // A group of its own: Ctrl-C reaches us first, and we stop things in their order.
    detached: true,
    ...(options.runAs && command === options.command && { uid: options.runAs.uid, gid: options.runAs.gid }),
  });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
  const { pid } = child;
  const identity = pid === undefined ? undefined : identityOf(pid);
  if (pid === undefined || !identity) throw failed(options, logFrom, await exited);
  options.started?.(pid);

  // The last resort when the process ends without stopping us first.
  const atExit = () => void child.kill(gentle?.signal);
  process.once('exit', atExit);
  const stop = async () => {
    child.ref(); // while it ends there may be nothing else that keeps us here
    await end(identity, options.stopSteps);
    await exited;
    process.off('exit', atExit);
  };

  let ended: string | undefined;
  void exited.then((how) => (ended = how));
  const deadlineMs = Date.now() + options.startTimeoutMs;
  while (!(await options.isReady(pid))) {
    const late = Date.now() > deadlineMs ? `is not ready after ${options.startTimeoutMs} ms` : undefined;
    const reason = ended ?? late;
    if (reason !== undefined) {
      await stop();
      throw failed(options, logFrom, reason);
    }
    await sleep(25);
  }
  child.unref();
  return { pid, stop };
}

function failed(options: ServerOptions, logFrom: number, reason: string): Error {
  const tail = readFileSync(options.logFile).subarray(logFrom).toString().trimEnd().split('\n');
  const shown = tail.slice(-LOG_TAIL_LINES).join('\n  ');
  return new Error(`${options.name} did not start: ${reason}\nEnd of ${options.logFile}:\n  ${shown}`);
}

/** `setpriv` gives what Node cannot: a signal when the parent dies, even by SIGKILL, and a way into closed folders. */
export function confine(options: {
  command: string;
  args: string[];
  runAs?: RunAs | undefined;
  parentDeathSignal: NodeJS.Signals;
}): [command: string, args: string[]] {
  const { runAs, command, args } = options;
  const setpriv = findSetpriv();
  if (setpriv === undefined) return [command, args];
  const flags = [`--pdeathsig=${options.parentDeathSignal.replace('SIG', '')}`];
  if (runAs) flags.push(`--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--clear-groups');
  if (runAs?.passClosedFolders) {
    // Without the secure bit access(2), which initdb uses, would ignore the capability.
    flags.push('--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override');
  }
  return [setpriv, [...flags, '--', command, ...args]];
}

let setprivFound: string | null | undefined;
/** BusyBox has a `setpriv` too, without the options that we need. */
export function findSetpriv(): string | undefined {
  if (setprivFound === undefined) {
    const paths = process.platform === 'linux' ? ['/usr/bin/setpriv', '/bin/setpriv'] : [];
    setprivFound =
      paths.find((path) =>
        spawnSync(path, ['--help'], { encoding: 'utf8' }).stdout?.includes('--pdeathsig'),
      ) ?? null;
  }
  return setprivFound ?? undefined;
}

/** Returns where in the log this run begins. */
function rotate(logFile: string): number {
  mkdirSync(dirname(logFile), { recursive: true });
  const sizeBytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes < LOG_LIMIT_BYTES) return sizeBytes;
  renameSync(logFile, `${logFile}.1`);
  return 0;
}
