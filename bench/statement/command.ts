import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type Curve, watchMemory } from '../memory.ts';
import { compiled } from '../stack.ts';

export interface Printed {
  readonly statement_id: string;
  readonly layout: string;
  readonly rows: number;
  readonly matched: Readonly<Record<string, number>>;
  readonly exceptions: Readonly<Record<string, number>>;
}

export interface Ran {
  readonly printed: Printed;
  readonly seconds: number;
  /** Memory of the command while it reads the file, and of the worker while it matches. */
  readonly commandMib: Curve;
  readonly workerMib: Curve;
}

/** `ops -- reconcile-statement`, in a process of its own, watched from its first line to its end. */
export async function runCommand(
  file: string,
  env: Readonly<Record<string, string>>,
  { workerPid, say }: { readonly workerPid: () => number; readonly say: (line: string) => void },
): Promise<Ran> {
  const startedMs = performance.now();
  const command = [compiled('ops/cli.js'), 'reconcile-statement', file, '--json'];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ofCommand = watchMemory(() => child.pid ?? 0);
  const ofWorker = watchMemory(workerPid);
  try {
    let commandMib: Curve | undefined;
    createInterface(child.stderr).on('line', (line) => {
      say(line);
      if (commandMib !== undefined || !line.startsWith('matching ')) return;
      commandMib = ofCommand.curve();
      ofWorker.restart();
    });
    const closed = once(child, 'close').then(([code]: readonly unknown[]) => code);
    const [printed, code] = await Promise.all([text(child.stdout), closed]);
    // 1 means that exceptions are open, as they have to be.
    if (code !== 1) throw new Error(`the command ended with ${String(code)}`);
    return {
      printed: JSON.parse(printed) as Printed,
      seconds: (performance.now() - startedMs) / 1_000,
      commandMib: commandMib ?? ofCommand.curve(),
      workerMib: ofWorker.curve(),
    };
  } finally {
    ofCommand.stop();
    ofWorker.stop();
  }
}
