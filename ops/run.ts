import { ConfigError } from '../config.ts';
import { VezaError } from '../domain/errors.ts';
import { COMMANDS } from './commands/index.ts';
import { completionFor } from './completion.ts';
import { EXIT } from './print.ts';
import { CannotRun, UsageError, usageOf } from './usage.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line, valid or not; never throws. Progress goes to standard error as it comes. */
export async function runOps([name, ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  if (name === '--help' || name === '-h' || name === 'help' || args.includes('--help'))
    return { code: EXIT.done, stdout: usageOf(COMMANDS), stderr: '' };
  // Commands that find something say so here.
  process.exitCode = EXIT.done;
  try {
    const text = await command(name, args, env);
    return { code: process.exitCode, stdout: `${text}\n`, stderr: '' };
  } catch (error) {
    return { stdout: '', ...failed(error, args) };
  }
}

async function command(name: string | undefined, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  if (name === undefined) throw new UsageError('no command given');
  if (name === 'completion') return completionFor(args[0], COMMANDS);
  const known = COMMANDS.find((one) => one.name === name);
  if (known === undefined) throw new UsageError(`unknown command: ${name}`);
  return known.run(args, env);
}

function failed(error: unknown, args: readonly string[]): Partial<Ended> & Omit<Ended, 'stdout'> {
  if (isUsageError(error)) return { code: EXIT.cannot, stderr: `${error.message}\n\n${usageOf(COMMANDS)}` };
  if (error instanceof VezaError) return refused(error, args);
  const lines = error instanceof ConfigError ? error.problems : [reasonOf(error)];
  const code = error instanceof CannotRun ? EXIT.cannot : EXIT.found;
  return { code, stderr: lines.map((line) => `${line}\n`).join('') };
}

/** `parseArgs` throws its own errors for options it does not know. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  );
}

/** A command that was understood and refused: scripts branch on its code. */
function refused({ code: name, detail, extra }: VezaError, args: readonly string[]): Ended {
  const isJson = args.includes('--json');
  return {
    code: name === 'engine_unavailable' ? EXIT.cannot : EXIT.found,
    stdout: isJson ? `${JSON.stringify({ error: { code: name, detail, ...extra } })}\n` : '',
    stderr: `${name}: ${detail}\n`,
  };
}

/** The ORM's message is the statement; its cause says what went wrong. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || String(error);
}
