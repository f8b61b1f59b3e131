import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Ended, runOps } from '../../ops/run.ts';

/** How Node loads our sources: by itself where it can, which is a third less work, or by what `npm run` uses. */
export const LOADS_SOURCES: readonly string[] = readsTypeScript()
  ? ['--import', import.meta.resolve('./resolve-once.mjs'), '--disable-warning=ExperimentalWarning']
  : ['--import', 'tsx'];

/** The oldest Node that we run on does not know the feature's name. */
function readsTypeScript(): boolean {
  const features: object = process.features;
  return 'typescript' in features && Boolean(features.typescript);
}

const ROOT = resolve(import.meta.dirname, '../..');

/** A process of ours with PATH alone of this one's environment; on a Node that is named, as `npm run` starts it. */
export function start(file: string, args: readonly string[], given: Record<string, string>, node?: string) {
  const loads = node === undefined ? LOADS_SOURCES : ['--import', 'tsx'];
  const child = spawn(node ?? process.execPath, [...loads, resolve(ROOT, file), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...given },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => void (output.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => void (output.stderr += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, output, ended };
}

type Started = ReturnType<typeof start>;

/** None of our commands takes that long, also while other tests run; one that hangs must not outlive its test. */
const ENDED_WITHIN_MS = 120_000;

/** Runs a command to its end, as `npm run` would; how it ended is told, nothing is thrown. */
export async function run(
  file: string,
  args: readonly string[],
  given: Record<string, string>,
): Promise<Ended> {
  const { child, ended } = start(file, args, given);
  const hung = setTimeout(() => child.kill('SIGKILL'), ENDED_WITHIN_MS);
  const { code, stdout, stderr } = await ended;
  clearTimeout(hung);
  return { code: Number(code ?? -1), stdout, stderr };
}

/** A line of `npm run ops` in this process, which spares the start of one; its exit code is not this one's. */
export async function runOpsHere(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const before = process.exitCode;
  try {
    return await runOps(args, env);
  } finally {
    process.exitCode = before;
  }
}

/** The address that the process logs once it listens. */
export async function listening(started: Started): Promise<string> {
  const [, url = ''] = await said(started, /"url":"([^"]+)"/);
  return url;
}

/** Resolves once the process has logged what matches. */
export async function said({ child, output }: Started, words: RegExp): Promise<RegExpExecArray> {
  while (child.exitCode === null && child.signalCode === null) {
    const match = words.exec(output.stdout);
    if (match) return match;
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  }
  throw new Error(`the process ended before it said ${words}: ${output.stderr}`);
}
