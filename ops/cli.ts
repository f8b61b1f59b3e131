import { ConfigError } from '../config.ts';
import { apiKey } from './commands/api-key.ts';
import { backfillTransferIds } from './commands/backfill-transfer-ids.ts';
import { reconcile } from './commands/reconcile.ts';
import { reconcileStatement } from './commands/reconcile-statement.ts';
import { seed } from './commands/seed.ts';
import { token } from './commands/token.ts';
import { CannotRun, USAGE, UsageError } from './usage.ts';

type Command = (args: string[], env: NodeJS.ProcessEnv) => Promise<string>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['seed', seed],
  ['token', token],
  ['backfill-transfer-ids', backfillTransferIds],
  ['reconcile', reconcile],
  ['api-key', apiKey],
  ['reconcile-statement', reconcileStatement],
]);

async function main([name, ...args]: string[]): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help' || args.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const command = COMMANDS.get(name ?? '');
  if (command === undefined)
    throw new UsageError(name === undefined ? 'no command given' : `unknown command: ${name}`);
  process.stdout.write(`${await command(args, process.env)}\n`);
}

/** `parseArgs` throws its own errors for options it does not know. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (isUsageError(error)) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const lines = error instanceof ConfigError ? error.problems : [reasonOf(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode = error instanceof CannotRun ? 2 : 1;
});

/** The ORM's message is the statement; what went wrong is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || String(error);
}
