import type { Context } from 'hono';
import type { ApiEnv } from '../context.ts';

/**
 * Gives the answer a header that the answer itself may replace. It goes onto Node's own answer: headers that are set at the
 * framework's make it build, copy and sort an object of them for each request (docs/adr/0030). Without a server, in tests,
 * the framework keeps it.
 */
export function sayHeader(c: Context<ApiEnv>, name: string, value: string): void {
  const outgoing = c.env?.outgoing;
  if (outgoing === undefined) c.header(name, value);
  // After a deadline the answer is gone while its handler still runs.
  else if (!outgoing.headersSent) outgoing.setHeader(name, value);
}

/** Names one more header of requests that the answer depends on. The answer itself names none in its own `Vary`. */
export function sayVaries(c: Context<ApiEnv>, by: string): void {
  const outgoing = c.env?.outgoing;
  if (outgoing === undefined) c.header('Vary', by, { append: true });
  else if (!outgoing.headersSent) outgoing.appendHeader('Vary', by);
}
