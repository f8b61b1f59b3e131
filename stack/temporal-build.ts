import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Progress } from './progress.ts';
import { confine } from './servers.ts';
import { isExecutable } from './temporal-check.ts';

const ERROR_LINES = 12;

/** A program of Temporal's that Go can build. */
export interface GoProgram {
  /** Its package and version, as `go install` takes them; the last part of the path is what Go calls the result. */
  module: string;
  /** Its name in the progress line: "Building …, once: this takes …". */
  name: string;
  takes: string;
}

/** Builds the CLI from source. */
export function buildTemporal(options: {
  version: string;
  target: string;
  env: NodeJS.ProcessEnv;
  progress: Progress;
}): Promise<string> {
  const module = `github.com/temporalio/cli/cmd/temporal@v${options.version}`;
  const takes = '4 to 6 minutes on two cores';
  return buildWithGo({ module, name: "Temporal's dev server", takes }, options);
}

/** Builds a program through the Go module proxy, and puts it into place in one move. */
export async function buildWithGo(
  program: GoProgram,
  options: { target: string; env: NodeJS.ProcessEnv; progress: Progress },
): Promise<string> {
  const { target, env, progress } = options;
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  if (!folders.some((folder) => isExecutable(join(folder, 'go')))) throw new Error('Go is not on the PATH');
  const draft = `${target}.build`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await goInstall(program, draft, env, progress);
    renameSync(join(draft, basename(program.module.replace(/@.*/, ''))), target);
    return target;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function goInstall(
  { module, name, takes }: GoProgram,
  folder: string,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  // Without the symbol tables the binary is a third smaller, and linked sooner.
  const goArgs = ['install', '-v', '-ldflags=-s -w', module];
  const [command, args] = confine({ command: 'go', args: goArgs, parentDeathSignal: 'SIGTERM' });
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const lastLines: string[] = [];
  let packages = 0;
  let at = 'reading its modules';

  const child = spawn(command, args, { env: { ...env, GOBIN: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
  const endWithUs = () => void child.kill();
  process.once('exit', endWithUs);
  createInterface(child.stderr).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > ERROR_LINES) lastLines.shift();
    if (line.startsWith('go: downloading')) at = line.slice('go: '.length);
    else at = `${++packages} packages compiled, now ${line}`;
  });
  child.once('spawn', () => progress.say(`Building ${name} with Go, once: this takes ${takes}`));
  const ticking = setInterval(() => progress.tick(`Building Temporal: ${seconds()} s, ${at}`), 1000);

  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`"go ${goArgs.join(' ')}" ended with code ${code}:\n${lastLines.join('\n')}`));
      });
    });
    progress.say(`Built ${name} in ${seconds()} s`);
  } finally {
    clearInterval(ticking);
    process.off('exit', endWithUs);
  }
}
