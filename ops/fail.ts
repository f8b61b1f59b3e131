import { ConfigError } from '../config.ts';

/** Ends a command that could not do its work: one line for each problem, no stack, exit 2. */
export function fail(error: unknown): void {
  for (const line of error instanceof ConfigError ? error.problems : [reasonOf(error)]) console.error(line);
  process.exitCode = 2;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The ORM's message is the statement; its cause says what went wrong.
  if (error.message.startsWith('Failed query') && error.cause !== undefined) return reasonOf(error.cause);
  // A connection that was refused on both of localhost's addresses has no message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ');
  return error.message || error.name;
}
