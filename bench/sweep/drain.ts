import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { compiled } from '../stack.ts';

export interface Counts {
  readonly seen: number;
  readonly synced: number;
  readonly left: number;
  readonly failed: number;
  readonly why: Readonly<Record<string, number>>;
}

/** `ops -- reconcile --drain`, in a process of its own. */
export interface DrainCommand {
  /** Resolves once its progress line says that this part of the rows was looked at. */
  reached(part: number): Promise<void>;
  /** SIGKILL: the drain goes on. */
  kill(): void;
  readonly report: Promise<Readonly<Record<string, Counts>>>;
}

export function startDrain(
  env: Readonly<Record<string, string>>,
  say: (line: string) => void,
  phases: readonly string[] = [],
): DrainCommand {
  const only = phases.flatMap((phase) => ['--phase', phase]);
  const command = [compiled('ops/cli.js'), 'reconcile', '--drain', '--json', ...only];
  const child = spawn(process.execPath, command, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let part = 0;
  const lines = createInterface(child.stderr).on('line', (line) => {
    const [, done, total] = /^drain (\d+)\/(\d+)$/.exec(line) ?? [];
    if (total !== undefined) part = Number(done) / Number(total);
    say(line);
  });
  const printed = text(child.stdout);
  const report = once(child, 'close').then(async ([code]) => {
    // 1 means that it failed an orphan.
    if (code !== 0 && code !== 1) throw new Error(`the drain ended with ${String(code)}`);
    return (JSON.parse(await printed) as { report: Readonly<Record<string, Counts>> }).report;
  });
  report.catch(() => undefined);
  return {
    reached: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => part >= wanted && resolve();
        lines.on('line', look);
        report.then(() => resolve(), reject);
        look();
      }),
    kill: () => void child.kill('SIGKILL'),
    report,
  };
}
