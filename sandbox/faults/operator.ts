import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

type Env = Readonly<Record<string, string>>;

interface PhaseCounts {
  readonly seen: number;
  readonly synced: number;
  readonly left: number;
  readonly failed: number;
  readonly why: Readonly<Record<string, number>>;
}

export interface Drained {
  readonly report: Readonly<Record<string, PhaseCounts>>;
  /** Refunds that the PSP does not know, seen for the first time or too soon after it. */
  readonly missedOrphans: number;
}

export interface Audited {
  readonly violations: number;
  readonly invariants: readonly {
    readonly number: number;
    readonly violations: number;
    readonly examples: readonly { readonly subject: string; readonly detail: string }[];
  }[];
}

/** `npm run ops -- reconcile --drain`, as an operator runs it. */
export async function drain(env: Env, say: (line: string) => void): Promise<Drained> {
  // A sweep that failed an orphan exits 1 to be noticed; it has drained all the same.
  const printed = await command('ops/cli.ts', ['reconcile', '--drain', '--json'], env, [0, 1], say);
  const { report } = JSON.parse(printed) as Pick<Drained, 'report'>;
  const why = report['orphan_refunds']?.why ?? {};
  return { report, missedOrphans: (why['missed_once'] ?? 0) + (why['missed_again_too_soon'] ?? 0) };
}

/** `npm run audit -- --providers`. */
export async function audit(env: Env): Promise<Audited> {
  return JSON.parse(await command('ops/audit.ts', ['--providers', '--json'], env, [0, 1])) as Audited;
}

/** Runs a command of ours in a process of its own and returns what it printed. */
async function command(
  script: string,
  args: readonly string[],
  env: Env,
  good: readonly number[],
  say: (line: string) => void = () => undefined,
): Promise<string> {
  const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), path, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    errors.push(line);
    say(line);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const printed = await text(child.stdout);
  const code = await ended;
  if (code === null || !good.includes(code)) {
    throw new Error(`${script} ${args.join(' ')} ended with ${code}: ${errors.join('\n')}`);
  }
  return printed;
}
