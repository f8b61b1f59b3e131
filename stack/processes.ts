import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopWithProcess } from './shutdown.ts';

export interface NodeProcessOptions {
  /** Stands before each line that it prints. */
  name: string;
  /** A path; TypeScript is run as it is. */
  script: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** Called with each prefixed line; the default writes it to our own output. */
  onLine?(line: string): void;
  /** How long it may take to end by itself. */
  graceMs?: number;
}

export interface NodeProcess {
  name: string;
  pid: number;
  /** Resolves when the process says that it is ready (`process.send({ ready: true })`); rejects if it ends before. */
  ready: Promise<void>;
  /** Its exit code, or null after a signal. */
  exited: Promise<number | null>;
  isRunning(): boolean;
  stop(): Promise<void>;
}

const DEFAULT_GRACE_MS = 15_000;

/** Starts `server.ts`, `worker.ts` and the like as processes that cannot outlive this one, however it ends. */
export function startNode(options: NodeProcessOptions): NodeProcess {
  const { name, script, args = [], env = process.env, graceMs = DEFAULT_GRACE_MS } = options;
  const onLine = options.onLine ?? ((line: string) => void process.stdout.write(`${line}\n`));
  const guard = fileURLToPath(new URL('./child-guard.mjs', import.meta.url));
  const loader = /\.m?ts$/.test(script) ? ['--import', import.meta.resolve('tsx')] : [];
  const preload = [...loader, '--import', guard];

  const child = spawn(process.execPath, ['--enable-source-maps', ...preload, script, ...args], {
    env,
    // The channel carries one message, that the child is ready; its end tells the child that we are gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches us, and we stop things in their order.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start: ${process.execPath} cannot be run`);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', (line) => onLine(`[${name}] ${line}`));
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const isRunning = () => child.exitCode === null && child.signalCode === null;

  const ready = Promise.race([
    once(child, 'message').then(() => undefined),
    exited.then((code) =>
      Promise.reject(new Error(`${name} ended (${code ?? 'killed'}) before it was ready`)),
    ),
  ]);
  // Not every caller waits for it, and `exited` also tells of an end.
  ready.catch(() => undefined);
  const endWithUs = () => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const stop = () => endGently(child, exited, graceMs);
  const forget = stopWithProcess(stop);
  void exited.finally(() => {
    process.off('exit', endWithUs);
    forget();
  });
  return { name, pid, ready, exited, isRunning, stop };
}

async function endGently(child: ChildProcess, exited: Promise<unknown>, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const final = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(final);
}
